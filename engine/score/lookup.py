"""The 1-bit scan as machine code: sums of four signs at a time are looked up, 32 rows at once.

A query's numbers are not cut to bits: for four of them there are sixteen ways to add them up with
signs, and a byte of a row's code holds two such ways. Processors look up 16 to 64 bytes of tables
of sixteen in one instruction (PSHUFB, TBL), so this costs no more than counting bits of a query
that was cut to signs, and four times less than counting those of one that was cut to four bits.
Source of the idea: Quicker ADC (André, Kermarrec and Le Scouarnec 2019, arXiv 1812.09162).
"""

import threading
from typing import Any

from .machine import compiled, features, loop, splat

ROWS = 32  # of a block
HALF = ROWS // 2
LEVELS = 15  # a looked-up number is from 0 to twice as much, so that eight fit into a byte
STEPS = 4  # bytes of a row's code, of two numbers each, whose sum is still one byte
# Query rows that look at a block while it is in registers, by the bytes of a vector.
TOGETHER = {16: 1, 32: 4, 64: 6}

_LOOK_UP = {16: "llvm.x86.ssse3.pshuf.b.128", 32: "llvm.x86.avx2.pshuf.b",
            64: "llvm.x86.avx512.pshuf.b.512"}  # fmt: skip
_made: dict[tuple[int, int, int], Any] = {}
_lock = threading.Lock()


def vector_here(octets: int) -> int | None:
    """Bytes that this processor looks up at once; None for one that does not. octets: of a row."""
    has = features()
    if "avx512bw" in has and octets % (2 * STEPS) == 0:
        return 64
    return 32 if "avx2" in has else 16 if has & {"ssse3", "neon"} else None


def wide(vector: int) -> int:
    """Bytes that are loaded at once: one or two of each of 32 rows."""
    return max(vector, ROWS)


def scan_kernel(octets: int, shift: int, vector: int) -> Any:
    """The compiled function for rows of so many bytes, a multiple of 4. It releases the GIL.

        scan(n, index, offsets, rows, factors, q, tables, middles, scales, out)

    For each page and query row it takes the largest of

        ((sum of looked-up numbers - middle) << shift) * factor >> 16

    over the rows of the page, times the query row's scale, and adds that up over the query rows.
    int64 n; int64 index[n]: pages to score; int64 offsets[]: first block of each page, and the
    end; uint8 rows[blocks][octets][32], where row r < 16 of a block stands at 2 r, and row 16 + r
    beside it; int16 factors[blocks][32]; int64 q, a multiple of TOGETHER[vector]; uint8
    tables[q][...] as `laid` makes them; int16 middles[q]; float32 scales[q], not negative; float32
    out[n]. A page without blocks gets -inf. All arguments but n and q are addresses.
    """
    made = (octets, shift, vector)
    with _lock:
        if made not in _made:
            _made[made] = compiled(_module(*made), "scan", "ippppipppp")
        return _made[made]


def _module(octets: int, shift: int, vector: int) -> Any:
    """The function in LLVM's language."""
    from llvmlite import ir

    code = _Code(ir.Module("quire"), vector)
    code.scan(octets, shift)
    return code.module


class _Code:
    """What writes it. Vectors of bytes hold one or two numbers of all rows of a block."""

    def __init__(self, module: Any, vector: int) -> None:
        from llvmlite import ir

        self.ir, self.module, self.vector, self.wide = ir, module, vector, wide(vector)
        self.whole, self.single = ir.IntType(64), ir.FloatType()
        self.byte, self.word, self.double = ir.IntType(8), ir.IntType(16), ir.IntType(32)
        self.octets = ir.VectorType(self.byte, self.wide)
        self.words = ir.VectorType(self.word, self.wide // 2)
        self.half = ir.VectorType(self.word, HALF)
        native = ir.VectorType(self.byte, vector)
        name = "llvm.aarch64.neon.tbl1.v16i8" if "neon" in features() else _LOOK_UP[vector]
        self.native = self._function(name, native, native, native)
        self.largest = self._function("llvm.vector.reduce.smax.v16i16", self.word, self.half)

    def scan(self, octets: int, shift: int) -> None:
        ir, whole, together = self.ir, self.whole, TOGETHER[self.vector]
        kinds = [whole, whole, whole, self.octets, self.half, whole, self.octets, self.word,
                 self.single, self.single]  # fmt: skip
        given = [kind if i in (0, 5) else kind.as_pointer() for i, kind in enumerate(kinds)]
        scan = ir.Function(self.module, ir.FunctionType(ir.VoidType(), given), "scan")
        n, index, offsets, rows, factors, q, tables, middles, scales, out = scan.args
        build = self.build = ir.IRBuilder(scan.append_basic_block("entry"))
        total = build.alloca(self.single)
        best = [build.alloca(self.half) for _ in range(together)]
        sums = [(build.alloca(self.words), build.alloca(self.words)) for _ in range(together)]
        steps = octets * ROWS // self.wide  # loads of a block
        nothing = self.single(float("-inf"))
        with loop(build, whole(0), n) as page:
            own = self.at(index, page, 8)
            start = self.at(offsets, own, 8)
            end = self.at(offsets, build.add(own, whole(1)), 8)
            empty = build.icmp_signed("==", start, end)
            build.store(build.select(empty, nothing, self.single(0.0)), total)
            with loop(build, whole(0), build.select(empty, whole(0), q), together) as row:
                mine = [build.add(row, whole(i)) for i in range(together)]
                table = [build.mul(one, whole(2 * steps)) for one in mine]
                middle = [splat(build, self.at(middles, one, 2), HALF) for one in mine]
                for one in best:
                    build.store(splat(build, self.word(-(1 << 15)), HALF), one)
                with loop(build, start, end) as block:
                    self.add_up(build.mul(block, whole(steps)), steps, rows, tables, table, sums)
                    for half in (0, 1):
                        place = build.add(build.mul(block, whole(2)), whole(half))
                        factor = self.at(factors, place, 2)
                        for (low, high), mid, one in zip(sums, middle, best, strict=True):
                            value = self.sum_of(build.load(low), build.load(high), half)
                            value = build.shl(
                                build.sub(value, mid), splat(build, self.word(shift), HALF)
                            )
                            self.keep_larger(one, self.upper_product(value, factor))
                for i, one in enumerate(best):
                    top = build.sitofp(build.call(self.largest, [build.load(one)]), self.single)
                    weighed = build.fmul(top, self.at(scales, mine[i], 4))
                    build.store(build.fadd(build.load(total), weighed), total)
            build.store(build.load(total), build.gep(out, [page]))
        build.ret_void()

    def add_up(
        self, first: Any, steps: int, rows: Any, tables: Any, table: list[Any], sums: list[Any]
    ) -> None:
        """For each query row, the looked-up numbers of a block: words of which the upper byte is
        in the way (see `sum_of`), and the upper bytes."""
        build, whole = self.build, self.whole
        mask, four = (self.octets([n] * self.wide) for n in (15, 4))
        for low, high in sums:
            for one in (low, high):
                build.store(self.words(None), one)
        with loop(build, whole(0), whole(steps), STEPS) as step:
            found: list[Any] = [None] * len(sums)
            for i in range(STEPS):
                at = build.add(step, whole(i))
                code = self.at(rows, build.add(first, at), 1)
                for upper in (0, 1):
                    ways = build.and_(build.lshr(code, four) if upper else code, mask)
                    place = build.add(build.mul(at, whole(2)), whole(upper))
                    for k, mine in enumerate(table):
                        numbers = self.at(tables, build.add(mine, place), 1)
                        number = self.look_up(numbers, ways)
                        found[k] = number if found[k] is None else build.add(found[k], number)
            eight = splat(build, self.word(8), self.wide // 2)
            for octets, (low, high) in zip(found, sums, strict=True):
                both = build.bitcast(octets, self.words)
                build.store(build.add(build.load(low), both), low)
                build.store(build.add(build.load(high), build.lshr(both, eight)), high)

    def sum_of(self, low: Any, high: Any, half: int) -> Any:
        """Sums of rows 0 to 15 or 16 to 31. Each byte pair went into `low` as a word, so what its
        upper byte brought, 256 times its number, is taken off again."""
        build = self.build
        eight = splat(build, self.word(8), self.wide // 2)
        value = high if half else build.sub(low, build.shl(high, eight))
        if self.wide == ROWS:
            return value
        one, other = (self.of(value, start, HALF) for start in (0, HALF))
        return build.add(one, other)

    def upper_product(self, value: Any, factor: Any) -> Any:
        """The upper 16 bits of the product of words, which every processor has an instruction
        for."""
        build = self.build
        long = self.ir.VectorType(self.double, HALF)
        product = build.mul(build.sext(value, long), build.sext(factor, long))
        return build.trunc(build.ashr(product, splat(build, self.double(16), HALF)), self.half)

    def keep_larger(self, place: Any, value: Any) -> None:
        build = self.build
        before = build.load(place)
        build.store(build.select(build.icmp_signed(">", value, before), value, before), place)

    def look_up(self, tables: Any, ways: Any) -> Any:
        """Byte for byte, out of the sixteen in its own run of sixteen."""
        if self.vector == self.wide:
            return self.build.call(self.native, [tables, ways])
        found = []
        for start in range(0, self.wide, self.vector):
            parts = (self.of(one, start, self.vector) for one in (tables, ways))
            found.append(self.build.call(self.native, list(parts)))
        while len(found) > 1:
            found = [self.beside(*pair) for pair in zip(found[::2], found[1::2], strict=True)]
        return found[0]

    def of(self, value: Any, start: int, count: int) -> Any:
        """So many numbers of a vector."""
        kind = self.ir.VectorType(self.double, count)
        places = self.ir.Constant(kind, list(range(start, start + count)))
        return self.build.shuffle_vector(value, value, places)

    def beside(self, one: Any, other: Any) -> Any:
        count = one.type.count * 2
        kind = self.ir.VectorType(self.double, count)
        return self.build.shuffle_vector(one, other, self.ir.Constant(kind, list(range(count))))

    def at(self, base: Any, place: Any, align: int) -> Any:
        return self.build.load(self.build.gep(base, [place]), align=align)

    def _function(self, name: str, gives: Any, *takes: Any) -> Any:
        return self.ir.Function(self.module, self.ir.FunctionType(gives, list(takes)), name)
