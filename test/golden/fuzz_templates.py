"""Random small templates and what jinja2 makes of them, set up as transformers sets it up: a line of JSON for each.

    python test/golden/fuzz_templates.py --count 5000 --seed 1 > /tmp/cases.jsonl
    npx jiti scripts/compare-templates.ts /tmp/cases.jsonl

Needs jinja2 and transformers (3.1.6 and 5.24.0 made the fixtures).
"""

import argparse
import copy
import json
import random

from transformers.utils.chat_template_utils import _compile_jinja_template

VARIABLES = {
    "s": "  Hello, World\n  two\tlines \n",
    "code": "def f(x):\n    return x\n\n",
    "u": "ÀÉß straße 😀 日本 e\u0301\u00a0",
    "empty": "",
    "digits": " 42 ",
    "pi": 3.14159,
    "half": 2.5,
    "n": 7,
    "neg": -3,
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "l": [3, 1, 2],
    "words": ["banana", "Apple", "cherry", "apple"],
    "mixed": [1, "a", None, True, 2.5, [1, 2], {"k": "v"}],
    "d": {"name": "get", "items": 3, "b": [1, {"c": None}], "é": "ü\"\\/<>&'"},
    "rows": [{"role": "user", "n": 2, "content": "a"}, {"role": "system", "n": 1, "content": "b"}, {"role": "user", "n": 3}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"z": 1, "a": [True, None, 0.1]}}}],
}

TEXTS = ["s", "code", "u", "empty", "digits", "'a,b,,c'", "'x'", "'Mr. o\\'neil-smith'", "d['é']", "'%s'", '"\\t\\u00e9\\\\"', "words[1]"]
NUMBERS = ["n", "neg", "zero", "pi", "half", "1e20", "1e-7", "123456789.125", "yes", "no", "3", "2.0", "1e3", "0", "(n - 2)", "-n"]
LISTS = ["l", "words", "mixed", "rows", "tools", "[]", "[1, 'b', none]", "('a', 2)", "range(4)", "range(5, 0, -2)", "words[1:]"]
DICTS = ["d", "rows[0]", "{}", "{'b': 1, 'a': 'x'}", "tools[0].function"]
OTHER = ["nothing", "missing", "none", "true", "d.nope", "l[9]"]
CHARS = ["'\\n'", "' '", "'lo'", "','", "', '", "'a'", "''", "'\\n\\n'", "none", "'l'", "'ß'"]
SMALL = ["0", "1", "2", "-1", "5", "none"]


class Fuzz:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def any(self, *lists):
        return self.random.choice([each for options in lists for each in options])

    def text(self):
        return self.any(TEXTS)

    def value(self, depth=2):
        if depth == 0 or self.random.random() < 0.35:
            return self.any(*self.random.choice([[TEXTS], [NUMBERS], [LISTS], [DICTS], [OTHER]]))
        return self.random.choice(
            [self.method, self.method, self.filtered, self.filtered, self.filtered, self.test, self.binary, self.binary, self.sliced, self.ternary, self.attribute]
        )(depth - 1)

    def method(self, depth):
        r = self.any
        of = f"({self.value(depth)})" if self.random.random() < 0.2 else self.text()
        call = self.random.choice(
            [
                lambda: f"strip({self.maybe(r(CHARS))})",
                lambda: f"lstrip({self.maybe(r(CHARS))})",
                lambda: f"rstrip({self.maybe(r(CHARS))})",
                lambda: f"split({self.maybe(r(CHARS))})",
                lambda: f"split({r(CHARS)}, {r(SMALL[:5])})",
                lambda: f"split(maxsplit={r(SMALL[:5])})",
                lambda: f"rsplit({r(CHARS)}, {r(SMALL[:5])})",
                lambda: f"rsplit(none, {r(SMALL[:5])})",
                lambda: "splitlines()",
                lambda: f"splitlines({r(['true', 'false'])})",
                lambda: f"startswith({r(CHARS)})",
                lambda: f"endswith(('n', {r(CHARS)}))",
                lambda: f"replace({r(CHARS)}, {r(CHARS)})",
                lambda: f"replace({r(CHARS)}, 'Z', {r(SMALL)})",
                lambda: f"find({r(CHARS)})",
                lambda: f"rfind({r(CHARS)}, {r(SMALL)})",
                lambda: f"index({r(CHARS)})",
                lambda: f"count({r(CHARS)})",
                lambda: f"join({self.value(0)})",
                lambda: f"partition({r(CHARS)})",
                lambda: f"rpartition({r(CHARS)})",
                lambda: f"zfill({r(SMALL)})",
                lambda: f"ljust({r(['9', '30'])}, {r(CHARS)})",
                lambda: f"center({r(['9', '30'])})",
                lambda: f"removeprefix({r(CHARS)})",
                lambda: f"removesuffix({r(CHARS)})",
                *[
                    (lambda name=name: f"{name}()")
                    for name in "upper lower title capitalize swapcase isupper islower isalpha isdigit isalnum isspace isnumeric isascii isdecimal".split()
                ],
            ]
        )()
        if self.random.random() < 0.25:
            of = self.any(DICTS, LISTS)
            call = self.any(["get('name')", "get('q', 1)", "items()", "keys()", "values()|list", "items()|list", "keys()|list", "count(1)", "index(1)", "copy()", "append(1)", "update({})", "get('role')", "name", "items", "content", "function.name", "0", "length"])
        return f"{of}.{call}"

    def maybe(self, text):
        return text if self.random.random() < 0.7 else ""

    def filtered(self, depth):
        r = self.any
        name = self.random.choice(
            [
                lambda: self.any(["trim", "upper", "lower", "capitalize", "title", "string", "length", "count", "first", "last", "list", "reverse", "abs", "int", "float", "sort", "unique|list", "min", "max", "sum", "items|list", "tojson", "join", "round", "safe", "default", "map('upper')|list", "select|list", "reject|list", "reverse|list", "indent", "dictsort", "list|length"]),
                lambda: f"trim({r(CHARS)})",
                lambda: f"join({r(CHARS)})",
                lambda: f"default({self.value(0)})",
                lambda: f"default({self.value(0)}, true)",
                lambda: f"d('x', boolean={r(['true', 'false'])})",
                lambda: f"replace({r(CHARS)}, {r(CHARS)})",
                lambda: f"replace({r(CHARS)}, 'q', {r(SMALL)})",
                lambda: f"indent({r(['2', chr(39) + '>>' + chr(39), '4, true', '1, true, true', 'width=3, blank=true'])})",
                lambda: f"round({r(['1', '2', '0', '1, ' + chr(39) + 'floor' + chr(39), '1, ' + chr(39) + 'ceil' + chr(39)])})",
                lambda: f"int({r(['5', 'default=-1'])})",
                lambda: f"float({r(['5', '1.5'])})",
                lambda: f"tojson(indent={r(['2', '4', '0', 'none', chr(39) + '--' + chr(39)])})",
                lambda: f"tojson(ensure_ascii={r(['true', 'false'])}, sort_keys={r(['true', 'false'])})",
                lambda: f"tojson(separators=(',', ':'), indent={r(['none', '1'])})",
                lambda: f"map(attribute={r([chr(39) + 'role' + chr(39), chr(39) + 'function.name' + chr(39), '0'])})|list",
                lambda: f"map(attribute='n', default={r(['0', 'none'])})|list",
                lambda: f"map('replace', 'a', 'A')|list",
                lambda: f"map({r([chr(39) + 'string' + chr(39), chr(39) + 'length' + chr(39), chr(39) + 'tojson' + chr(39)])})|join('; ')",
                lambda: f"selectattr('role', 'equalto', 'user')|list",
                lambda: f"selectattr('n', {r([chr(39) + 'gt' + chr(39), chr(39) + 'ge' + chr(39), chr(39) + '<' + chr(39)])}, 2)|map(attribute='n')|list",
                lambda: f"rejectattr('content', 'defined')|list",
                lambda: f"selectattr('content')|list|length",
                lambda: f"select({r([chr(39) + 'string' + chr(39), chr(39) + 'number' + chr(39), chr(39) + 'odd' + chr(39), chr(39) + 'in' + chr(39) + ', [1, 2]', chr(39) + 'defined' + chr(39)])})|list",
                lambda: f"sort(reverse=true)",
                lambda: f"sort(case_sensitive=true)",
                lambda: f"sort(attribute='n')|map(attribute='n')|list",
                lambda: f"dictsort(by='value')",
                lambda: f"dictsort(false, 'key', true)",
                lambda: f"batch(2)|list",
                lambda: f"batch(3, 'x')|list",
                lambda: f"sum(start={r(['1', '0.5', '[]'])})",
                lambda: f"sum(attribute='n')",
                lambda: f"unique(attribute='role')|list|length",
                lambda: f"center({r(['20', '5'])})",
            ]
        )()
        inner = self.value(depth)
        return f"{inner if inner.replace('_', '').isalnum() else '(' + inner + ')'}|{name}"

    def test(self, depth):
        r = self.any
        name = r(
            "defined undefined none string number integer float boolean mapping sequence iterable callable odd even lower upper true false".split(),
            ["divisibleby 2", "divisibleby(3)", "eq 3", "equalto('x')", "ne none", "sameas none", "sameas(true)", "in [1, 2, 'x']", "in 'Hello'", "gt 2", "lt(3)", "ge n", "eq l[0]", "in words"],
        )
        return f"(({self.value(depth)}) is {r(['', 'not '])}{name})"

    def binary(self, depth):
        sign = self.any("+ - * / // % ** ~ ~ ~ == != < > <= >= in and or".split(), ["not in", "~ 'x' +", "+ 1 ~", "|safe ~", "|safe + '<' +", "|tojson|safe +", "< 5 <", "== 3 =="])
        a, b = self.value(depth), self.value(depth)
        wrap = lambda x: x if self.random.random() < 0.6 else f"({x})"
        return f"{wrap(a)} {sign} {wrap(b)}"

    def sliced(self, depth):
        part = self.random.choice(["[0]", "[-1]", "[1:]", "[:-1]", "[::-1]", "[1:3]", "[::2]", "[-2:]", "[none:2]", "['name']", "[yes]", "[100:]", "[5:1:-1]", "[:n]", "['items']", "[-9:2]"])
        return f"{self.any(TEXTS, LISTS, DICTS[:2])}{part}"

    def ternary(self, depth):
        other = f" else {self.value(depth)}" if self.random.random() < 0.8 else ""
        return f"({self.value(depth)} if {self.value(depth)}{other})"

    def attribute(self, depth):
        return self.any(["rows[0].role", "rows[-1].content", "d.items", "d.b[1].c", "d.b.0", "missing.x", "nothing.x", "tools[0].function.parameters", "rows[0]['n'] + 1", "namespace(a=1).a", "dict(a=1, b='x')", "range(3)|list", "loop", "d['items']", "d.get('b')[0]", "'a' 'b'", "not n", "not missing", "- half", "+yes"])

    def template(self):
        if self.random.random() < 0.3:
            return self.statements()
        return "{{ " + self.value(self.random.choice([1, 2, 3])) + " }}"

    def statements(self):
        x, y = self.value(1), self.value(1)
        it = self.any(LISTS, DICTS, TEXTS[:4], OTHER, ["l|reverse", "d.items()", "rows|selectattr('n', 'gt', 1)", "words|sort", "(l if n else [])"])
        templates = [
            "{% for x in @it %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if loop.first %}F{% elif loop.last %}L{% else %}-{% endif %}\n{% else %}none{% endfor %}",
            "{% for x in @it if x != @y %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.previtem }}|{{ loop.nextitem }}{% endfor %}",
            "{% for x in @it %}a{% break %}{% else %}e{% endfor %}",
            "{% for x in @it %}a{% if loop.index == 2 %}b{% break %}{% endif %}c{{ x }}{% endfor %}",
            "{% for x in @it %}a{% if x == @y %}{% continue %}{% endif %}c{{ loop.cycle('p', 'q') }}{% else %}e{% endfor %}",
            "{% set v = @x %}{% for x in @it %}{% set v = x %}{% if w is defined %}w{% endif %}{% set w = 1 %}{% endfor %}[{{ v }}]",
            "{% set ns = namespace(v=@x, c=0) %}{% for x in @it %}{% set ns.c = ns.c + 1 %}{% set ns.v = x %}{% endfor %}{{ ns.c }}:{{ ns.v }}",
            "{% macro m(a, b=@y) %}<{{ a }}|{{ b }}>{% endmacro %}{{ m(@x) }}{{ m(b=1, a=2) }}{{ m() | length }}",
            "{%- set t -%} {{ @x }} {%- endset -%}\n [{{ t }}]  \n  {%- if @y %} yes {% else %} no {% endif -%}  \n end \n",
            "  {% if @x %}\n  one\n  {% else +%}\n  two\n  {%+ endif %}\n{# note #}\n tail\n\n",
            "{% filter upper %}x{{ @x }}{% endfilter %}{% raw %} {{ raw }} {% endraw %} z",
            "{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}{{ @x }}{% endcall %}",
            "{% macro m() %}{{ q }}{{ x }}{% endmacro %}{% set q = 1 %}{% for x in [1, 2] %}{{ m() }}{% endfor %}{% set q = @y %}{{ m() }}",
            "{% generation %}{{ @x }}\n{% endgeneration %}\n.",
            "{% for a, b in @pairs %}{{ a }}={{ b }};{% endfor %}",
            "{% set a, b = @two %}{{ a }}{{ b }}",
            "{% for x in @it %}{% for y in [x, @y] %}{{ loop.changed(y) }}{% endfor %}{% endfor %}",
            "{%- for x in @it -%}  {{- x -}}  \n{%- endfor %}\n  {#- c -#}  x",
            "{% if @x %}1{% endif %}{% if not @y %}2{% endif %}{% if @x and @y %}3{% endif %}{% if @x or @y %}4{% endif %}",
            "{{- @x }} {{ @y -}}\n  ok",
        ]
        pairs = self.any(["d.items()", "d|dictsort", "d|items", "[(1, 2), (3, 4)]", "l", "words|batch(2)", "['ab', (1, 2)]"])
        two = self.any(["1, 2", "(1, 2)", "l[:2]", "words", "l"])
        text = self.random.choice(templates)
        for name, value in {"@it": it, "@pairs": pairs, "@two": two, "@x": x, "@y": y}.items():
            text = text.replace(name, value)
        return text


def result_of(template):
    try:
        return {"text": _compile_jinja_template(template).render(**copy.deepcopy(VARIABLES))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    fuzz = Fuzz(options.seed)
    print(json.dumps({"variables": VARIABLES}))
    for _ in range(options.count):
        template = fuzz.template()
        print(json.dumps({"template": template, **result_of(template)}))


if __name__ == "__main__":
    main()
