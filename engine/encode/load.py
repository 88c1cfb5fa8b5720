"""From a name or path to an encoder, whoever runs it."""

from .protocol import PageEncoder


def load_encoder(
    name_or_path: str,
    *,
    device: str | None = None,
    revision: str | None = None,
    dtype: str | None = None,
    local_files_only: bool = False,
) -> PageEncoder:
    """`Encoder.load`; or, with `sentence-transformers:` before the name or path, any
    `MultiVectorEncoder` or `SentenceTransformer` of that package, which is an extra of quire.

    That package's models run in float32 on a CPU and as stored on CUDA, whatever `dtype` says.
    """
    from .guest import is_guest

    if is_guest(name_or_path):
        from .guest_encoder import GuestEncoder

        return GuestEncoder.load(
            name_or_path, device=device, revision=revision, local_files_only=local_files_only
        )
    from .encoder import Encoder

    return Encoder.load(
        name_or_path,
        device=device,
        revision=revision,
        dtype=dtype,
        local_files_only=local_files_only,
    )
