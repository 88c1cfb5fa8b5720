"""The best page row of every query row as machine code: their product is never in memory.

For each page and query row, the largest of the sums over d of query[d] * row[d]. The rows of a
page pass in blocks of two vectors: a block is turned once, so that a vector holds one dimension of
each of its rows; then, for some query rows at a time, sums stay in registers while all dimensions
pass. A turned block fits the nearest cache, and so do the queries. Where a turned block of float16
is read it is widened: on AMD that takes units that the products leave idle.

On a Zen 4 core this makes 85 GFLOP/s of 20 query rows and 100 of 320, where torch's product alone
makes 29 to 66 (MKL, November 2026), and 50 without the prefetch of the next block.
"""

from dataclasses import dataclass
from typing import Any, Literal

from .machine import loop, shuffled, splat
from .turn import turned

Kind = Literal["float16", "float32", "int8"]
SIZE = {"float16": 2, "float32": 4, "int8": 1}  # bytes of a number
TAKES = "ipppipppppii"
# Query rows at a time, by lanes: twice as many sums, two vectors of rows and some room have to fit
# the 32 registers of AVX-512, or the 16 of AVX2. 12 and 13 are slower than 10; 5 and 6 than 4.
TALLEST = {16: 10, 8: 4}
LINE = 64  # bytes


@dataclass(frozen=True)
class Shape:
    """What code is made for: the kind of a page's numbers, and the 32-bit lanes of a vector."""

    kind: Kind
    lanes: int

    @property
    def rows(self) -> int:
        """Page rows of a block."""
        return 2 * self.lanes

    @property
    def vector(self) -> int:
        """Bytes."""
        return 4 * self.lanes

    @property
    def widened(self) -> bool:
        """Whether int8 is widened to 16 bits, for want of a product of four."""
        return self.kind == "int8" and self.lanes == 8

    @property
    def together(self) -> int:
        """Dimensions that a lane multiplies and adds up in one step."""
        if self.kind != "int8":
            return 1
        return 2 if self.widened else 4

    @property
    def grown(self) -> int:
        """How much larger a block is once it is turned."""
        return 2 if self.widened else 1

    @property
    def step(self) -> int:
        """Bytes of a block that one step needs."""
        return self.rows * self.together * SIZE[self.kind]


def best_module(shape: Shape) -> Any:
    """The function, in LLVM's language.

        best(n, first, last, rows, tiles, table, query, turned, tops, out, steps, q)

    int64 n pages; int64 first[n], last[n]: their rows, at least one each; rows: of the kind; int64
    tiles: runs of query rows; int64 table[tiles][2]: the first row and how many, 1 to TALLEST;
    query: per tile [step][row] of float32 (for int8 of four int8; where it is widened, of two
    int16: of four dimensions first 0 and 2, then 1 and 3); turned: room for three blocks of rows,
    and tops for a vector more than query rows, both at multiples of 64 bytes; out[n][q], float32
    or int32; int64 steps: dimensions / together; q: query rows. Rows are whole vectors. All
    arguments but n, tiles, steps and q are addresses.

    Numbers that are not finite in a page's rows make all its results NaN. int8 results, but for
    those that are widened, are too large by 128 * the sum of the query row: the processor takes
    one side without sign.
    """
    from llvmlite import ir

    module = ir.Module("quire")
    code = _Code(module, shape)
    code.turn()
    for height in range(1, TALLEST[shape.lanes] + 1):
        code.tile(height)
    code.best()
    return module


class _Code:
    """Functions of one module. All places are in bytes."""

    def __init__(self, module: Any, shape: Shape) -> None:
        from llvmlite import ir

        self.module, self.shape = module, shape
        self.whole, self.small, self.bytes = (ir.IntType(bits) for bits in (64, 32, 8))
        self.flag = ir.IntType(1)
        self.address = self.bytes.as_pointer()
        self.exact = shape.kind == "int8"
        self.number = self.small if self.exact else ir.FloatType()
        self.numbers = ir.VectorType(self.number, shape.lanes)
        self.none = ir.Constant(self.numbers, [0 if self.exact else 0.0] * shape.lanes)

    def function(self, name: str, takes: str) -> tuple[Any, Any]:
        """A function that returns nothing, and a builder at its start."""
        from llvmlite import ir

        kinds = [self.whole if kind == "i" else self.address for kind in takes]
        made = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), name)
        return made, ir.IRBuilder(made.append_basic_block("entry"))

    def given(self, name: str, result: Any, *kinds: Any) -> Any:
        """A function of LLVM's own."""
        from llvmlite import ir

        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, kinds), name)

    def load(self, build: Any, base: Any, place: Any, kind: Any, align: int) -> Any:
        pointer = build.bitcast(build.gep(base, [place]), kind.as_pointer())
        return build.load(pointer, align=align)

    def store(self, build: Any, value: Any, base: Any, place: Any, align: int) -> None:
        pointer = build.bitcast(build.gep(base, [place]), value.type.as_pointer())
        build.store(value, pointer, align=align)

    def turn(self) -> None:
        """turn(block, turned, stride): rows of a block to [step][row]."""
        from llvmlite import ir

        shape, whole = self.shape, self.whole
        made, build = self.function("turn", "ppi")
        block, to, stride = made.args
        kind = ir.VectorType(self.small, shape.lanes)
        words = ir.VectorType(ir.IntType(16), shape.rows)
        even = [side + 2 * i for side in (0, shape.rows) for i in range(shape.lanes)]
        odd = [place + 1 for place in even]
        with loop(build, whole(0), stride, shape.vector) as piece:
            halves = []
            for first in (0, shape.lanes):
                places = [
                    build.add(piece, build.mul(stride, whole(first + i)))
                    for i in range(shape.lanes)
                ]
                rows = [self.load(build, block, place, kind, 1) for place in places]
                halves.append(turned(build, rows))
            start = build.gep(to, [build.mul(piece, whole(shape.grown * shape.rows))])
            for i, pair in enumerate(zip(*halves, strict=True)):
                if shape.kind == "float16":  # a lane holds two dimensions
                    both = [build.bitcast(half, words) for half in pair]
                    pair = tuple(shuffled(build, both, places) for places in (even, odd))
                elif shape.widened:
                    pair = self.widened(build, pair)
                elif self.exact:  # from -128..127 to 0..255
                    sign = ir.Constant(kind, [-0x7F7F7F80] * shape.lanes)
                    pair = tuple(build.xor(half, sign) for half in pair)
                for j, half in enumerate(pair):
                    place = whole((len(pair) * i + j) * shape.vector)
                    self.store(build, half, start, place, shape.vector)
        build.ret_void()

    def widened(self, build: Any, pair: tuple[Any, ...]) -> tuple[Any, ...]:
        """Four int8 a lane to two times two int16: bytes 0 and 2 of both vectors, then 1 and 3."""
        from llvmlite import ir

        words = ir.VectorType(ir.IntType(16), 2 * self.shape.lanes)
        eight = ir.Constant(words, [8] * words.count)
        both = [build.bitcast(half, words) for half in pair]
        lower = [build.ashr(build.shl(half, eight), eight) for half in both]
        return (*lower, *(build.ashr(half, eight) for half in both))

    def tile(self, height: int) -> None:
        """tile(query, turned, tops, total, steps, next): `height` query rows by a block of rows.

        tops: the largest so far, of each query row; total: zero, or NaN once a product was not
        finite, since the maximum may drop such; next: the block to fetch meanwhile.
        """
        shape, whole, small = self.shape, self.whole, self.small
        made, build = self.function(f"tile{height}", "ppppip")
        query, turn, tops, total, steps, ahead = made.args
        fetch = self.given("llvm.prefetch.p0", build.function.ftype.return_type,
                           self.address, small, small, small)  # fmt: skip
        sums: list[Any] = []
        before, body, after = (
            build.block,
            build.append_basic_block("step"),
            build.append_basic_block("done"),
        )
        build.branch(body)
        build.position_at_end(body)
        step = build.phi(whole)
        step.add_incoming(whole(0), before)
        for _ in range(2 * height):
            sums.append(build.phi(self.numbers))
            sums[-1].add_incoming(self.none, before)
        rows = [self.rows(build, turn, step, half) for half in (0, 1)]
        for line in range(0, shape.step, LINE):
            place = build.add(build.mul(step, whole(shape.step)), whole(line))
            build.call(fetch, [build.gep(ahead, [place]), small(0), small(2), small(1)])
        found = []
        for i in range(height):
            place = build.add(build.mul(step, whole(4 * height)), whole(4 * i))
            asked = splat(build, self.load(build, query, place, self.number, 4), shape.lanes)
            found += [self.added(build, sums[2 * i + half], rows[half], asked) for half in (0, 1)]
        following = build.add(step, whole(1))
        for phi, value in zip([step, *sums], [following, *found], strict=True):
            phi.add_incoming(value, body)
        build.cbranch(build.icmp_signed("<", following, steps), body, after)
        build.position_at_end(after)
        for i in range(height):
            place = whole(i * shape.vector)
            top = self.load(build, tops, place, self.numbers, shape.vector)
            for value in found[2 * i : 2 * i + 2]:
                top = self.larger(build, value, top)
            self.store(build, top, tops, place, shape.vector)
        if not self.exact:  # one query row tells: what is not finite stays so in any sum
            checked = self.load(build, total, whole(0), self.numbers, shape.vector)
            for value in found[:2]:
                checked = self.added(build, checked, value, self.none)
            self.store(build, checked, total, whole(0), shape.vector)
        build.ret_void()

    def rows(self, build: Any, turn: Any, step: Any, half: int) -> Any:
        """A vector of rows at this step, as what is multiplied."""
        from llvmlite import ir

        shape, whole = self.shape, self.whole
        halved = shape.kind == "float16"
        kind = ir.VectorType(ir.HalfType(), shape.lanes) if halved else self.numbers
        size = shape.vector // 2 if halved else shape.vector
        place = build.add(build.mul(step, whole(2 * size)), whole(half * size))
        held = self.load(build, turn, place, kind, size)
        return build.fpext(held, self.numbers) if halved else held

    def added(self, build: Any, so_far: Any, rows: Any, asked: Any) -> Any:
        if self.shape.widened:
            from llvmlite import ir

            words = ir.VectorType(ir.IntType(16), 2 * self.shape.lanes)
            product = self.given("llvm.x86.avx2.pmadd.wd", self.numbers, words, words)
            both = [build.bitcast(side, words) for side in (rows, asked)]
            return build.add(so_far, build.call(product, both))
        if self.exact:
            name = f"llvm.x86.avx512.vpdpbusd.{32 * self.shape.lanes}"
            return build.call(self.given(name, *[self.numbers] * 4), [so_far, rows, asked])
        name = f"llvm.fma.v{self.shape.lanes}f32"
        return build.call(self.given(name, *[self.numbers] * 4), [rows, asked, so_far])

    def larger(self, build: Any, one: Any, other: Any) -> Any:
        compare = build.icmp_signed if self.exact else build.fcmp_ordered
        return build.select(compare(">", one, other), one, other)

    def best(self) -> None:
        """What is called: for each page and each of its blocks, all query rows."""
        from llvmlite import ir

        shape, whole = self.shape, self.whole
        made, build = self.function("best", TAKES)
        n, first, last, rows, tiles, table, query, turn, tops, out, steps, width = made.args
        stride = build.mul(steps, whole(shape.together * SIZE[shape.kind]))
        short = build.gep(turn, [build.mul(stride, whole(shape.grown * shape.rows))])
        copy = self.given("llvm.memcpy.p0.p0.i64", build.function.ftype.return_type,
                          self.address, self.address, whole, self.flag)  # fmt: skip
        total, tops = tops, build.gep(tops, [whole(shape.vector)])
        least = ir.Constant(self.number, -(2**31) if self.exact else float("-inf"))
        with loop(build, whole(0), n) as page:
            start, end = (
                self.load(build, side, build.mul(page, whole(8)), whole, 8)
                for side in (first, last)
            )
            self.store(build, self.none, total, whole(0), shape.vector)
            with loop(build, whole(0), width) as i:
                fresh = splat(build, least, shape.lanes)
                self.store(build, fresh, tops, build.mul(i, whole(shape.vector)), shape.vector)
            with loop(build, start, end, shape.rows) as at:
                block = build.gep(rows, [build.mul(at, stride)])
                left = build.sub(end, at)
                partly = build.icmp_signed("<", left, whole(shape.rows))
                # The last row, once more, fills the last block, which changes no maximum.
                with build.if_then(partly), loop(build, whole(0), whole(shape.rows)) as i:
                    there = build.icmp_signed("<", i, left)
                    own = build.select(there, i, build.sub(left, whole(1)))
                    to = build.gep(short, [build.mul(i, stride)])
                    copied = build.gep(block, [build.mul(own, stride)])
                    build.call(copy, [to, copied, stride, self.flag(0)])
                source = build.select(partly, short, block)
                build.call(self.module.globals["turn"], [source, turn, stride])
                ahead = build.gep(block, [build.mul(stride, whole(shape.rows))])
                self.all_tiles(build, tiles, table, [query, turn, tops, total, steps, ahead])
            self.results(build, width, tops, total, build.gep(
                out, [build.mul(build.mul(page, width), whole(4))]
            ))  # fmt: skip
        build.ret_void()

    def all_tiles(self, build: Any, tiles: Any, table: Any, given: list[Any]) -> None:
        """Call the function of its height for each tile."""
        whole = self.whole
        query, turn, tops, total, steps, ahead = given
        with loop(build, whole(0), tiles) as t:
            first, height = (
                self.load(build, table, build.add(build.mul(t, whole(16)), whole(at)), whole, 8)
                for at in (0, 8)
            )
            own = build.gep(query, [build.mul(build.mul(first, steps), whole(4))])
            mine = build.gep(tops, [build.mul(first, whole(self.shape.vector))])
            after = build.append_basic_block("tiled")
            choice = build.switch(height, after)
            for tall in range(1, TALLEST[self.shape.lanes] + 1):
                case = build.append_basic_block(f"tall{tall}")
                choice.add_case(whole(tall), case)
                build.position_at_end(case)
                tile = self.module.globals[f"tile{tall}"]
                build.call(tile, [own, turn, mine, total, steps, ahead])
                build.branch(after)
            build.position_at_end(after)

    def results(self, build: Any, width: Any, tops: Any, total: Any, out: Any) -> None:
        """The largest of each vector; NaN for all if any product was not finite."""
        shape, whole = self.shape, self.whole
        end = f".v{shape.lanes}{'i32' if self.exact else 'f32'}"
        most = "smax" if self.exact else "fmax"
        largest = self.given(f"llvm.vector.reduce.{most}{end}", self.number, self.numbers)
        if not self.exact:
            name = f"llvm.vector.reduce.fadd{end}"
            add = self.given(name, self.number, self.number, self.numbers)
            checked = self.load(build, total, whole(0), self.numbers, shape.vector)
            wrong = build.call(add, [self.number(0.0), checked])
        with loop(build, whole(0), width) as i:
            place = build.mul(i, whole(shape.vector))
            top = self.load(build, tops, place, self.numbers, shape.vector)
            top = build.call(largest, [top])
            top = top if self.exact else build.fadd(top, wrong)
            self.store(build, top, out, build.mul(i, whole(4)), 4)
