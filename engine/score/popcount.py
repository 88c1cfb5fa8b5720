"""The 1-bit scan as machine code: written down for LLVM, made for this processor at first use.

LLVM counts bits in vectors on every processor: by one instruction with AVX-512 VPOPCNTDQ, by a
table look-up with AVX2, by `cnt` on ARM. numpy's `bitwise_count` makes the same numbers, no faster
than exact float scoring. Numba was tried, too: it takes a second to import, and does not vectorise
the maximum of floats.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LANES = 16  # rows that are compared at once
PLANES = 4  # bits of a query's number

_made: dict[int, Any] = {}
_engines: list[Any] = []  # what owns the machine code; it goes when these go
_lock = threading.Lock()


def scan_kernel(words: int) -> Any:
    """The compiled function for rows of `words` * 32 bits. It releases the GIL while it runs.

        scan(n, index, offsets, rows, factors, q, query, scales, out)

    For each page and query row it takes the largest of

        factor[row] * sum over planes of 2**plane * (bits - 2 * popcount(plane ^ row))

    over the rows of the page, times the query row's scale, and adds that up over the query rows.
    int64 n; int64 index[n]: pages to score; int64 offsets[]: first block of each page, and the
    end; uint32 rows[blocks][words][16]; float16 factors[blocks][16]; int64 q; uint32
    query[q][planes][words]; float32 scales[q], not negative; float32 out[n]. A page without blocks
    gets -inf. All arguments but n and q are addresses.
    """
    with _lock:
        if words not in _made:
            _made[words] = _compile(words)
        return _made[words]


def _compile(words: int) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(str(_module(words)))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    whole, address = ctypes.c_int64, ctypes.c_void_p
    signature = ctypes.CFUNCTYPE(
        None, whole, address, address, address, address, whole, address, address, address
    )
    return signature(engine.get_function_address("scan"))


def _module(words: int) -> Any:
    """The function in LLVM's language."""
    from llvmlite import ir

    whole, small, single = ir.IntType(64), ir.IntType(32), ir.FloatType()
    counts, floats = ir.VectorType(small, LANES), ir.VectorType(single, LANES)
    kinds = [
        whole, whole, whole, counts, ir.VectorType(ir.HalfType(), LANES), whole,
        small, single, single,
    ]  # fmt: skip
    given = [kind if i in (0, 5) else kind.as_pointer() for i, kind in enumerate(kinds)]
    module = ir.Module("quire")
    scan = ir.Function(module, ir.FunctionType(ir.VoidType(), given), "scan")
    n, index, offsets, rows, factors, q, query, scales, out = scan.args
    count = ir.Function(module, ir.FunctionType(counts, [counts]), "llvm.ctpop.v16i32")
    largest = ir.Function(
        module, ir.FunctionType(single, [floats]), "llvm.vector.reduce.fmax.v16f32"
    )
    build = ir.IRBuilder(scan.append_basic_block("entry"))
    total, best = build.alloca(single), build.alloca(floats)
    least, most = ir.Constant(single, float("-inf")), single(32.0 * words * (2**PLANES - 1))

    def splat(value: Any, kind: Any) -> Any:
        empty = ir.Constant(kind, ir.Undefined)
        first = build.insert_element(empty, value, small(0))
        return build.shuffle_vector(
            first, empty, ir.Constant(ir.VectorType(small, LANES), [0] * LANES)
        )

    def at(base: Any, place: Any, align: int) -> Any:
        return build.load(build.gep(base, [place]), align=align)

    with _loop(build, whole(0), n) as page:
        own = at(index, page, 8)
        start, end = at(offsets, own, 8), at(offsets, build.add(own, whole(1)), 8)
        empty = build.icmp_signed("==", start, end)
        build.store(build.select(empty, least, single(0.0)), total)
        rows_left = build.select(empty, whole(0), q)
        with _loop(build, whole(0), rows_left) as row:
            first = build.mul(row, whole(PLANES * words))
            marks = [
                splat(at(query, build.add(first, whole(i)), 4), counts)
                for i in range(PLANES * words)
            ]
            build.store(splat(least, floats), best)
            with _loop(build, start, end) as block:
                first = build.mul(block, whole(words))
                held = [at(rows, build.add(first, whole(w)), 4) for w in range(words)]
                found: Any = None
                for plane in reversed(range(PLANES)):
                    found = found and build.add(found, found)
                    for word in range(words):
                        mark = marks[plane * words + word]
                        counted = build.call(count, [build.xor(held[word], mark)])
                        found = build.add(found, counted) if found else counted
                twice = build.sitofp(build.add(found, found), floats)
                factor = build.fpext(at(factors, block, 2), floats)
                value = build.fmul(build.fsub(splat(most, floats), twice), factor)
                so_far = build.load(best)
                greater = build.fcmp_ordered(">", value, so_far)
                build.store(build.select(greater, value, so_far), best)
            top = build.call(largest, [build.load(best)])
            weighed = build.fmul(top, at(scales, row, 4))
            build.store(build.fadd(build.load(total), weighed), total)
        build.store(build.load(total), build.gep(out, [page]))
    build.ret_void()
    return module


@contextmanager
def _loop(build: Any, start: Any, end: Any) -> Iterator[Any]:
    """for counter in range(start, end), around what is built inside the block."""
    before = build.block
    head, body, after = (build.append_basic_block(name) for name in ("head", "body", "after"))
    build.branch(head)
    build.position_at_end(head)
    counter = build.phi(start.type)
    counter.add_incoming(start, before)
    build.cbranch(build.icmp_signed("<", counter, end), body, after)
    build.position_at_end(body)
    yield counter
    counter.add_incoming(build.add(counter, start.type(1)), build.block)
    build.branch(head)
    build.position_at_end(after)
