"""The 1-bit scan as machine code: written down for LLVM, made for this processor at first use.

LLVM counts bits in vectors on every processor: by one instruction with AVX-512 VPOPCNTDQ, by a
table look-up with AVX2, by `cnt` on ARM. numpy's `bitwise_count` makes the same numbers, no faster
than exact float scoring. Numba was tried, too: it takes a second to import, and does not vectorise
the maximum of floats.
"""

import threading
from typing import Any

from .machine import compiled, loop, splat

LANES = 16  # rows that are compared at once
PLANES = 4  # bits of a query's number, at most
# Query rows that look at a block while it is in registers: each needs planes * words + 1 of them.
TOGETHER = {1: 4, 2: 2, 3: 1, 4: 1}

_made: dict[tuple[int, int], Any] = {}
_lock = threading.Lock()


def scan_kernel(words: int, planes: int) -> Any:
    """The compiled function for rows of `words` * 32 bits. It releases the GIL while it runs.

        scan(n, index, offsets, rows, factors, q, query, scales, out)

    For each page and query row it takes the largest of

        factor[row] * sum over planes of 2**plane * (bits - 2 * popcount(plane ^ row))

    over the rows of the page, times the query row's scale, and adds that up over the query rows.
    int64 n; int64 index[n]: pages to score; int64 offsets[]: first block of each page, and the
    end; uint32 rows[blocks][words][16]; float16 factors[blocks][16]; int64 q, a multiple of
    TOGETHER[planes]; uint32 query[q][planes][words]; float32 scales[q], not negative; float32
    out[n]. A page without blocks gets -inf. All arguments but n and q are addresses.
    """
    with _lock:
        if (words, planes) not in _made:
            _made[words, planes] = compiled(_module(words, planes), "scan", "ippppippp")
        return _made[words, planes]


def _module(words: int, planes: int) -> Any:
    """The function in LLVM's language."""
    from llvmlite import ir

    together = TOGETHER[planes]
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
    multiply = ir.Function(module, ir.FunctionType(floats, [floats] * 3), "llvm.fmuladd.v16f32")
    largest = ir.Function(
        module, ir.FunctionType(single, [floats]), "llvm.vector.reduce.fmax.v16f32"
    )
    build = ir.IRBuilder(scan.append_basic_block("entry"))
    total = build.alloca(single)
    best = [build.alloca(floats) for _ in range(together)]
    least, most = ir.Constant(single, float("-inf")), single(32.0 * words * (2**planes - 1))

    def at(base: Any, place: Any, align: int) -> Any:
        return build.load(build.gep(base, [place]), align=align)

    def differing(held: list[Any], marks: list[Any]) -> Any:
        """Weighted number of bits that differ, of each of the rows in a block."""
        found: Any = None
        for plane in reversed(range(planes)):
            found = found and build.add(found, found)
            for word in range(words):
                counted = build.call(count, [build.xor(held[word], marks[plane * words + word])])
                found = build.add(found, counted) if found else counted
        return build.sitofp(found, floats)

    with loop(build, whole(0), n) as page:
        own = at(index, page, 8)
        start, end = at(offsets, own, 8), at(offsets, build.add(own, whole(1)), 8)
        empty = build.icmp_signed("==", start, end)
        build.store(build.select(empty, least, single(0.0)), total)
        with loop(build, whole(0), build.select(empty, whole(0), q), together) as row:
            first = build.mul(row, whole(planes * words))
            marks = [
                splat(build, at(query, build.add(first, whole(i)), 4), LANES)
                for i in range(together * planes * words)
            ]
            for one in best:
                build.store(splat(build, least, LANES), one)
            with loop(build, start, end) as block:
                first = build.mul(block, whole(words))
                held = [at(rows, build.add(first, whole(w)), 4) for w in range(words)]
                factor = build.fpext(at(factors, block, 2), floats)
                all_alike = build.fmul(splat(build, most, LANES), factor)
                each_off = build.fmul(splat(build, single(-2.0), LANES), factor)
                for i, one in enumerate(best):
                    mark = marks[i * planes * words : (i + 1) * planes * words]
                    value = build.call(multiply, [differing(held, mark), each_off, all_alike])
                    so_far = build.load(one)
                    greater = build.fcmp_ordered(">", value, so_far)
                    build.store(build.select(greater, value, so_far), one)
            for i, one in enumerate(best):
                top = build.call(largest, [build.load(one)])
                weighed = build.fmul(top, at(scales, build.add(row, whole(i)), 4))
                build.store(build.fadd(build.load(total), weighed), total)
        build.store(build.load(total), build.gep(out, [page]))
    build.ret_void()
    return module
