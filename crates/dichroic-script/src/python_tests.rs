//! Python's semantics, script by script: each prints what CPython prints.

use crate::limits::Limits;
use crate::run::tests::{printed, printed_within};

/// Runs a script and compares what it prints, line by line.
#[track_caller]
fn prints(script: &str, expected: &str) {
    assert_eq!(printed(script), expected.trim_start_matches('\n'), "\n{script}");
}

/// Runs a script that must fail, and looks for a part of its message.
#[track_caller]
fn fails(script: &str, part: &str) {
    let output = printed(script);
    assert!(output.contains(part), "{part:?} is not in:\n{output}");
}

#[test]
fn arithmetic_follows_python() {
    prints(
        "print(2 ** 10, 7 // 2, -7 // 2, 7 % -3, -7 % 3, 7 / 2, 2 ** -1, 1e3, 5 // 0.3)
print(1 << 4, 6 & 3, 6 | 3, 6 ^ 3, ~6, -(-3), +True, not 0)
print(0.1 + 0.2, 1 / 3, 10.0, 1e100, 3 * 0.5, True + True)
print(abs(-3), round(2.5), round(3.5), round(2.675, 2), divmod(-7, 2), pow(2, 5), int('12'), int(3.9), float('1.5'))",
        "
1024 3 -4 -2 2 3.5 0.5 1000.0 16.0
16 2 7 5 -7 3 1 True
0.30000000000000004 0.3333333333333333 10.0 1e+100 1.5 2
3 2 4 2.67 (-4, 1) 32 12 3 1.5
",
    );
}

#[test]
fn comparisons_chain_and_identity_is_not_equality() {
    prints(
        "x = 3
print(1 < x < 5, 1 < x > 5, x == 3.0, x is None, None is None, x is not None)
a = [1]; b = [1]; c = a
print(a == b, a is b, a is c, 1 in a, 2 not in a, 'b' in 'abc', (1, 2) < (1, 3), [1] != [1, 2])
print('a' if x > 2 else 'b', x and 0, x or 0, None or 'd', [] or 'e')",
        "
True False True False True True
True False True True True True True True
a 0 3 d e
",
    );
}

#[test]
fn functions_take_every_kind_of_argument() {
    prints(
        "def f(a, b=2, *rest, key=4, **more):
    return (a, b, rest, key, more)
print(f(1), f(1, 3, 5, 7, key=8, other=9))
print(f(*[1, 2, 3], **{'key': 5, 'z': 6}))
def only(*, n): return n
print(only(n=3))
def posonly(a, /, b): return a - b
print(posonly(5, b=3))
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
step = counter(); step(); print(step())
total = 0
def add(k):
    global total
    total += k
add(2); add(3); print(total)
print((lambda a, b=2: a * b)(4), [g(2) for g in [lambda v: v + 1, lambda v: v * 5]])
def shared(x, seen=[]):
    seen.append(x)
    return seen
shared(1); print(shared(2))
def nothing(): pass
print(nothing())",
        "
(1, 2, (), 4, {}) (1, 3, (5, 7), 8, {'other': 9})
(1, 2, (3,), 5, {'z': 6})
3
2
2
5
8 [3, 10]
[1, 2]
None
",
    );
}

#[test]
fn loops_branch_break_and_have_an_else() {
    prints(
        "for i in range(10):
    if i % 2: continue
    if i > 6: break
    print(i, end=' ')
else:
    print('not here')
n = 40
while n > 5:
    n //= 2
else:
    print('done', n)
for i, (a, b) in enumerate(zip([1, 2], 'xy'), start=1): print(i, a, b)
for k, v in {'a': 1}.items(): print(k, v)
if n == 0: pass
elif n < 3: print('small')
else: print('large')
xs = [1, 2, 3]
for x in xs:
    if x < 3 and len(xs) < 6: xs.append(x * 10)
print(xs)",
        "
0 2 4 6 done 5
1 1 x
2 2 y
a 1
large
[1, 2, 3, 10, 20]
",
    );
}

#[test]
fn comprehensions_and_unpacking() {
    prints(
        "print([n * n for n in range(6) if n % 2], {k: v for k, v in [('a', 1)]}, {1, 1, 2}, sum(n for n in range(4)))
print([(a, b) for a in range(2) for b in 'xy' if (a, b) != (0, 'y')])
first, *middle, last = range(5)
print(first, middle, last)
(a, b), c = (1, 2), 3
a, b = b, a
print(a, b, c, [*range(2), 9], (*'ab',), {**{'x': 1}, 'y': 2})
d = {}
d['k'], e = 5, 6
print(d, e)
p = q = []
p.append(1)
print(q)
print([y := 3, y ** 2], y)
def scope():
    return [limit for limit in [1, 2]], (lambda: 7)()
print(scope())",
        "
[1, 9, 25] {'a': 1} {1, 2} 6
[(0, 'x'), (1, 'x'), (1, 'y')]
0 [1, 2, 3] 4
2 1 3 [0, 1, 9] ('a', 'b') {'x': 1, 'y': 2}
{'k': 5} 6
[1]
[3, 9] 3
([1, 2], 7)
",
    );
}

#[test]
fn slices_and_items() {
    prints(
        "x = [0, 1, 2, 3, 4]
print(x[1:3], x[::-1], x[-2:], x[::2], x[-1], 'hello'[1:-1], (1, 2, 3)[1:], range(10)[2:8:3])
x[1:3] = [9]
del x[0]
print(x)
x += [7]; x.insert(0, 5); x.extend((1, 2)); print(x); print(x.pop(), x.pop(0), x.index(9), x.count(7))
x.sort(reverse=True); print(x, sorted(['bb', 'a', 'ccc'], key=len), list(reversed(x)))
d = dict(a=1, b=2); d.update(c=3); d.setdefault('d', 4)
print(dict(d), d.get('z'), d.get('z', 0), d.pop('a'), 'a' in d, len(d), list(d), list(d.values()))
print(min(3, 1, 2), max([4, 5]), max('ab', 'c', key=len), any([0, 1]), all([]), list(map(str, [1, 2])), list(filter(None, [0, 3])))",
        "
[1, 2] [4, 3, 2, 1, 0] [3, 4] [0, 2, 4] 4 ell (2, 3) range(2, 8, 3)
[9, 3, 4]
[5, 9, 3, 4, 7, 1, 2]
2 5 0 1
[9, 7, 4, 3, 1] ['a', 'bb', 'ccc'] [1, 3, 4, 7, 9]
{'a': 1, 'b': 2, 'c': 3, 'd': 4} None 0 1 False 3 ['b', 'c', 'd'] [2, 3, 4]
1 5 ab True True ['1', '2'] [3]
",
    );
}

#[test]
fn strings_are_formatted_in_all_three_ways() {
    prints(
        "n, r, name = 3, 0.12345, 'conv'
print(f'{name}_{n:02d} {r:.2f} {r:.1%} {1234567:,} {n!r} {name!r:>8} {n=} {n + 1 = }|{name:^8}|{n:>{n + 2}}')
print('%s_%d %.2f %5d|%-5s|%05.1f %x %%' % (name, n, r, n, 'ab', 2.5, 255))
print('%(a)s-%(b)d' % {'a': 1, 'b': 2}, '{0} {1} {x} {0[0]} {{}}'.format([1], 2, x=3))
print('{:>6}|{:<6}|{:^6}|{:.3f}|{!r}'.format('a', 'b', 'c', 1.5, 'd'))
print('a,b'.split(','), ' x '.strip(), '-'.join(['a', 'b']), 'Ab'.lower(), 'ab'.upper(), 'a b'.title(), 'abc'.replace('b', 'x'), 'ab' * 2, 'ab'.startswith('a'), '7'.zfill(3))
print('one ' 'two', \"it's\", ['it\\'s', 'a\\n'], repr('x'), str(1.0), 'a' < 'b')",
        "
conv_03 0.12 12.3% 1,234,567 3   'conv' n=3 n + 1 = 4|  conv  |    3
conv_3 0.12     3|ab   |002.5 ff %
1-2 [1] 2 3 1 {}
     a|b     |  c   |1.500|'d'
['a', 'b'] x a-b ab AB A B axc abab True 007
one two it's [\"it's\", 'a\\n'] 'x' 1.0 True
",
    );
}

#[test]
fn imports_of_what_is_not_there_fail_when_used() {
    prints("import numpy as np\nimport os.path\nfrom typing import List\nprint('fine')", "fine\n");
    prints(
        "import os\nos.environ['KERAS_BACKEND'] = 'jax'\nprint(os.environ.get('HOME'))",
        "None\n",
    );
    fails(
        "import numpy as np\nx = np.zeros(3)",
        "test.py:2:8: Unsupported: `numpy.zeros` is not available",
    );
    fails("import os\nos.system('ls')", "`os.system` is not available");
    fails("from os import remove\nremove('x')", "`os.remove` is not available");
    fails("open('x')", "test.py:1:1: Unsupported: `open` is not available");
    prints(
        "import math\nfrom functools import partial, reduce\nprint(math.ceil(2.1), math.sqrt(9), partial(pow, 2)(5), reduce(lambda a, b: a * b, [2, 3]))",
        "3 3.0 32 6\n",
    );
    prints("if __name__ == '__main__': print('main')", "main\n");
}

#[test]
fn errors_mark_their_place() {
    let output = printed("def f(a):\n    return a + 'x'\n\nprint(f(1))\n");
    assert_eq!(
        output,
        "test.py:2:12: TypeError: `+` does not take int and str\n  |\n2 |     return a + 'x'\n  |            ^^^^^^^\n  in f(), called at test.py:4:7"
    );
    fails("x = (1 +\n", "SyntaxError");
    fails("range(3)[5]", "IndexError: index 5 is outside range, which has 3 items");
    fails("{'kernel': 1}['kernal']", "did you mean \"kernel\"?");
    fails("lenn([])", "did you mean `len`?");
    fails("def f(filters): pass\nf(filter=3)", "did you mean `filters`?");
    fails("def f(a): pass\nf()", "f() needs a value for `a`");
    fails("def f():\n    x += 1\nf()", "used before it has a value");
    fails("a, b = 1, 2, 3", "2 values are needed for these names, got 3");
    fails("assert 1 > 2, 'no way'", "AssertionError: no way");
    fails("raise ValueError('bad size')", "ValueError: bad size");
    fails("try:\n    pass\nexcept ValueError:\n    pass", "`try` is not run here");
    fails("class A(keras.Model):\n    pass", "subclassed model");
    fails("1 / 0", "division by zero");
    fails("[].appendd(1)", "did you mean `append`?");
}

#[test]
fn runaway_scripts_are_stopped() {
    fails("while True:\n    pass", "LimitReached: the script took more than");
    fails("def f(n):\n    return f(n + 1)\nf(0)", "functions call each other more than 1000 deep");
    fails("10 ** 10 ** 10", "does not fit into a whole number of 64 bits");
    fails("'a' * 10 ** 12", "need more than 256 MiB");
    fails("[0] * 10 ** 12", "need more than 256 MiB");
    fails("list(range(10 ** 15))", "need more than 256 MiB");
    fails("x = 'a'\nwhile True: x = x + x", "need more than 256 MiB");
    fails("x = []\nfor i in range(10 ** 9): x = [x, x]", "LimitReached");
    fails("x = []\nfor i in range(40): x = [x, x]\nprint(x)", "LimitReached");
    fails("x = []\nx.append(x)\nprint(x)", "deep inside each other");
    fails("x = []\nx.append(x)\ny = []\ny.append(y)\nx == y", "deep inside each other");
    fails("f'{1:>1000000000}'", "is not a format");
    fails("'{:1000000000}'.format(1)", "is not a format");
    fails("'%1000000000d' % 1", "is not a format");
    fails("'x'.center(10 ** 12)", "need more than 256 MiB");
    fails("'aaa'.replace('a', 'b' * 10 ** 7).replace('b', 'c' * 10 ** 6)", "LimitReached");
    fails("sum(range(10 ** 12))", "LimitReached");
    fails("x = ()\nfor i in range(10 ** 6): x = (x,)\nprint({x: 1})", "LimitReached");
    fails(
        "f = lambda: 0\nfrom functools import partial\nfor i in range(10 ** 5): f = partial(f)\nf()",
        "LimitReached",
    );
    fails("print('x' * 10 ** 7, 'x' * 10 ** 7)", "printed more than 16 MiB");
    fails("sorted(range(10 ** 6), key=lambda n: sorted(range(10 ** 6)))", "LimitReached");
}

#[test]
fn text_that_would_nest_too_deep_is_refused_before_it_is_parsed() {
    for (opening, closing) in [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("f'{", "}'")] {
        fails(&(opening.repeat(10_000) + "1" + &closing.repeat(10_000)), "LimitReached");
    }
    for prefix in ["-", "not ", "lambda: ", "2 ** ", "1 if 1 else ", "~", "+"] {
        fails(&(prefix.repeat(50_000) + "1"), "LimitReached");
        // Deep, and allowed.
        printed(&(prefix.repeat(4_000) + "1"));
    }
    let blocks: String = (0..200).map(|depth| " ".repeat(depth) + "if 1:\n").collect();
    fails(&(blocks + &" ".repeat(200) + "pass"), "blocks lie more than 100 deep");
    fails(&format!("x = 1\nx{}", ".real".repeat(60_000)), "LimitReached");
    fails(&format!("x = 1\nx{}", ".real".repeat(40_000)), "LimitReached");
    fails(&("1".to_owned() + &" + 1".repeat(9_000) + " + 'a'"), "TypeError");
    fails(&"a".repeat(2 << 20), "more than the 1048576 allowed");
}

#[test]
fn limits_can_be_set() {
    let limits = Limits { steps: 100, ..Limits::default() };
    assert!(printed_within("for i in range(1000): pass", limits).contains("more than 100 steps"));
    let limits = Limits { call_depth: 5, ..Limits::default() };
    let recursion = "def f(n): return 0 if n == 0 else f(n - 1)\nprint(f(3))\nf(9)";
    let output = printed_within(recursion, limits);
    assert!(output.starts_with("0\n") && output.contains("more than 5 deep"), "{output}");
}
