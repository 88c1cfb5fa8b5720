"""Machine code for this processor, made at first use from what is written down for LLVM."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

_engines: list[Any] = []  # what owns the machine code; it goes when these go
_KINDS = {"i": ctypes.c_int64, "p": ctypes.c_void_p}


@cache
def features() -> frozenset[str]:
    """What this processor can do, by LLVM's names: "avx2", "f16c", "avx512vnni"."""
    import llvmlite.binding as llvm

    return frozenset(name for name, there in llvm.get_host_cpu_features().items() if there)


def compiled(
    module: Any, name: str, takes: str, *, optimise: bool = True, without: str = ""
) -> Any:
    """The function of this name, called by ctypes, which releases the GIL while it runs.

    `takes` has an "i" for each int64 and a "p" for each address; nothing is returned. `optimise`
    runs LLVM's passes first: half of the time, and no use for what is laid out by hand. `without`
    tells features that are not to be used ("-avx512f").
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    used = ",".join(filter(None, [llvm.get_host_cpu_features().flatten(), without]))
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=used, opt=3
    )
    if optimise:
        tuning = llvm.create_pipeline_tuning_options(speed_level=2)
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(parsed, builder)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    _engines.append(engine)
    signature = ctypes.CFUNCTYPE(None, *(_KINDS[kind] for kind in takes))
    return signature(engine.get_function_address(name))


@contextmanager
def loop(build: Any, start: Any, end: Any, step: int = 1) -> Iterator[Any]:
    """for counter in range(start, end, step), around what is built inside the block."""
    before = build.block
    head, body, after = (build.append_basic_block(name) for name in ("head", "body", "after"))
    build.branch(head)
    build.position_at_end(head)
    counter = build.phi(end.type)
    counter.add_incoming(start, before)
    build.cbranch(build.icmp_signed("<", counter, end), body, after)
    build.position_at_end(body)
    yield counter
    counter.add_incoming(build.add(counter, end.type(step)), build.block)
    build.branch(head)
    build.position_at_end(after)


def splat(build: Any, value: Any, lanes: int) -> Any:
    """A vector of one number."""
    from llvmlite import ir

    empty = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = build.insert_element(empty, value, ir.IntType(32)(0))
    return shuffled(build, (first, empty), [0] * lanes)


def shuffled(build: Any, pair: Sequence[Any], places: list[int]) -> Any:
    """Numbers of two vectors, by their places in both laid one after the other."""
    from llvmlite import ir

    kind = ir.VectorType(ir.IntType(32), len(places))
    return build.shuffle_vector(*pair, ir.Constant(kind, places))
