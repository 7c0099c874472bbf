/** Ids → structures: open addressing with Fibonacci hashing. A cell holds 1 + the structure's number, 0 = empty. */

// @ts-ignore: decorator
@inline
function home(id: i64, mask: u32): u32 {
  return <u32>((<u64>id * 0x9e3779b97f4a7c15) >> 40) & mask;
}

/** Address of the structure with this id, 0 when there is none. */
export function find(cells: usize, mask: u32, structs: usize, id: i64): usize {
  let cell = home(id, mask);
  while (true) {
    const number = load<u32>(cells + (<usize>cell << 2));
    if (number == 0) return 0;
    const at = structs + (<usize>(number - 1) << 5);
    if (load<i64>(at) == id) return at;
    cell = (cell + 1) & mask;
  }
}

/** Makes a structure findable whose id is not there yet. */
export function insert(cells: usize, mask: u32, structs: usize, at: usize): void {
  let cell = home(load<i64>(at), mask);
  while (load<u32>(cells + (<usize>cell << 2)) != 0) cell = (cell + 1) & mask;
  store<u32>(cells + (<usize>cell << 2), (<u32>(at - structs) >> 5) + 1);
}

/** Takes a structure out; entries behind the hole move up unless they lie at or behind their own place already. */
export function remove(cells: usize, mask: u32, structs: usize, at: usize): void {
  const number = (<u32>(at - structs) >> 5) + 1;
  let hole = home(load<i64>(at), mask);
  while (load<u32>(cells + (<usize>hole << 2)) != number) hole = (hole + 1) & mask;
  for (let cell = (hole + 1) & mask; ; cell = (cell + 1) & mask) {
    const other = load<u32>(cells + (<usize>cell << 2));
    if (other == 0) break;
    const wanted = home(load<i64>(structs + (<usize>(other - 1) << 5)), mask);
    if (((cell - wanted) & mask) < ((cell - hole) & mask)) continue;
    store<u32>(cells + (<usize>hole << 2), other);
    hole = cell;
  }
  store<u32>(cells + (<usize>hole << 2), 0);
}
