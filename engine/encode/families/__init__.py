"""Published encoders as data: what each needs to run right, and those that quire refuses."""
