#!/usr/bin/env python3
"""Writes the golden files of the Jinja engine with Python's jinja2 as the oracle.

Each file holds cases: a template, its context, the options, and what jinja2 printed, or that it refused.
Run it after a change of the cases:  python3 tests/golden/jinja/generate.py   (needs jinja2 3.1)
"""

import json
import pathlib

from oracle import CONTEXT, render

HERE = pathlib.Path(__file__).parent

EXPRESSIONS = """
1 + 2 * 3 - 4 | 2 ** 3 ** 2 | -2 ** 2 | 7 // 2 | -7 // 2 | 7 % 3 | -7 % 3 | 7 % -3 | 7 / 2 | 6 / 2 | 2 ** -1 | 7.5 // 2 | -7.5 % 2
1 ~ 2 ~ 'a' ~ none ~ true | 'a' ~ 1 + 2 | 1 + 2 ~ 3 | 'ab' * 3 | [1] * 2 + [2] | (1, 2) + (3,) | 'a' 'b' "c" | 10 - -3 | +4 | - -4
1 < 2 < 3 | 1 < 3 < 2 | 1 == 1.0 | true == 1 | 'a' < 'b' | [1, 2] < [1, 3] | 1 in [1, 2] | 3 not in [1, 2] | 'or' in 'World' | 'a' in d | 1 != 2 | (1, 2) == (1, 2) | [1] == (1,)
not true or true | not (true or true) | true and false or true | 1 and 2 | 0 or 'x' | '' and 1 | not [] | not 0.0 | none or 0
1 if true else 2 | 1 if false | 'a' if n > 5 else 'b' if n > 3 else 'c' | (1 if false else 2) + 1
true | True | none | None | false | [] | {} | () | (1,) | (1) | [1, 'a', none, true, 2.5] | {'a': 1, 2: 'b', none: [1]} | 'it\\'s' | ["it's", 'say "x"', 'both \\' and "'] | ['tab\\t', 'nl\\n', 'back\\\\slash', '\\x01', 'é', '\\u00e9', '😀', '\\u200b']
0.1 + 0.2 | 1e16 | 1e15 | 1e-5 | 0.0001 | 1.0 | 1e100 | 123456789.123 | -0.0 | 1e22 | 5e-324 | 1.7976931348623157e308 | 100000000000000000000 | 9223372036854775807 + 1 | -9223372036854775807 - 2 | 2 ** 100 | 1_000 | 0x1F | 0b101 | 0o17 | 1_0.5 | 1e3 | 1E-2 | 3.0e2
items[0] | items[-1] | items[5] | items[1:] | items[:-1] | items[::-1] | items[::2] | name[0] | name[-1] | name[1:3] | name[::-1] | d['a'] | d.a | d.missing | d['missing'] | people[0].name | people[0]['address'].city | items.0 | nested[1][1][0] | name[10:] | items[-2:] | (1, 2, 3)[1:] | '😀bc'[1] | '😀bc' | '😀bc'[0:1] | items[3:1:-1]
missing | missing is defined | missing is undefined | missing | default('x') | [missing] | missing == missing | missing == none | not missing | missing ~ 'x' | (missing or 'y') | missing is none | [] + [1] | missing | length | missing | list | missing | join(',')
missing.attr | missing + 1 | missing() | none.x.y | 1 + 'a' | 'a' + 1 | [1] + (2,) | 1 < 'a' | none < 1 | 1 // 0 | 1 / 0 | 1 % 0 | {[1]: 2} | 5 in 5 | 'a' * 'b' | -'a' | 1 in 'abc' | {} < {} | none.x | (1).x | items['a'] | d[[1]] | range(3)[1]
n|string ~ 'a' | n|float | 3.7|int | -3.7|int | '3.7'|int | 'abc'|int | 'abc'|int(5) | '0x1f'|int(0, 16) | ' 42 '|int | '1_000'|int | true|int | none|int(-1) | '2.5'|float | 'x'|float | 'x'|float(1.5) | '1e3'|float | 'inf'|float | 'nan'|float | true|float
range(3) | range(3)|list | range(5, 0, -2)|list | range(1, 4)|sum | dict(a=1, b=2) | dict([('x', 1)]) | dict({'a': 1}, b=2) | range(0) | range(3)|length | 2 in range(3)
(1, 2) is sequence | n is odd | n is even | n is divisibleby 7 | n is divisibleby(2) | n is number | x is float | n is integer | true is number | true is integer | name is string | d is mapping | items is iterable | n is iterable | name is sequence | none_value is none | n is eq 7 | n is equalto(7) | n is ne 7 | n is gt 3 | n is ge 7 | n is lt 3 | n is le 7 | n is in [7] | flag is true | flag is false | flag is boolean | 'abc' is lower | 'ABC' is upper | n is sameas n | range is callable | 'upper' is filter | 'odd' is test | n is not odd | not n is odd | n is greaterthan 2 | n is lessthan 2 | d is iterable | missing is iterable | missing is sequence | x is integer
loop | [1, 2,] | {'a': 1,} | (1, 2,) | {'a': {'b': {}}} | {'a': {}} | [[]] | items|sort|first + 1 | -items|first | n|string|length | not items | 'a' if items | n is odd and n is number | 2 is even == true | 3 + 4|string|length | ('a' ~ 'b')|upper | 'x'.upper()|lower
"""

FILTERS = """
13|filesizeformat | 1|filesizeformat | 1000|filesizeformat | 1234567|filesizeformat | 1234567|filesizeformat(true) | 1e30|filesizeformat | '300'|filesizeformat | 'x'|filesizeformat | html|striptags | '<!-- a --> b  <b>c</b> &amp; d'|striptags | 'a <b'|striptags | '<!-- a'|striptags | 'a <!-->b'|striptags | '<!-- <b> x'|striptags | '<!-- <b> --> x > <i>y'|striptags | text|wordwrap(10) | 'averylongword and-hyphen-ated x'|wordwrap(6) | 'averylongword x'|wordwrap(6, false) | 'a b c'|wordwrap(3, true, '|') | 'a-b-c well-known'|wordwrap(5, false, none, false) | lines|wordwrap(4) | ''|wordwrap(4) | 'x'|wordwrap(0)
people|pprint | d|pprint | text|pprint | (text ~ text ~ text)|pprint | [text, text, lines]|pprint | {'k': people, 1: 'x'}|pprint | (1,)|pprint | []|pprint | [[1, 2, 3], ('a' * 50,), {'x' * 40: 'y' * 40}]|pprint | range(3)|pprint | {'a': none, 'id': 'x"y'}|xmlattr | {'a b': 1}|xmlattr | {}|xmlattr | {'a': missing, 'b': 1}|xmlattr(false) | 5|xmlattr | [7]|random | []|random | html|forceescape | 5|indent | items|indent | missing|indent | 5|truncate | items|truncate | missing|truncate
false|map('upper')|list | none|select|list | 0|reject('odd')|list | 5|map('upper')|list | [] is filter | [] is test | 'map' is filter | 'odd' is test | 'zzz' is filter | 1/3 | 1/123456789012345678 | 123456789012345678/3 | 2**70/2**69 | 0/-1 | -0.3|round(0, 'ceil') | (2**62 + 1)|float
-5|abs | x|abs | -2.5|abs | 'hello wORLD'|capitalize | 'hello wORLD'|title | "it's (a) new-day [ok]"|title | 'ABC'|lower | 'abc'|upper | '  x '|trim | 'xxaxx'|trim('x') | 'ab'|center(7) ~ '.' | 'abc'|center(6) ~ '.' | 'abc'|replace('b', 'X') | 'aaa'|replace('a', 'b', 2) | 'abc'|replace('', '-') | 123|replace(2, 9) | 'abc'|reverse | [1, 2]|reverse|list | 'abc'|list | d|list | 'abc'|first | items|last | []|first | 'abc'|last | ''|first
items|join | items|join(', ') | people|join('-', attribute='name') | people|map(attribute='name')|join(',') | words|map('upper')|list | words|map('replace', 'p', 'b')|list | people|map(attribute='address.city')|list | people|map(attribute='zip', default='-')|list | [1, none, 'a', 2.5, true]|join('|') | 'abc'|join('.')
items|sort | items|sort(reverse=true) | words|sort | words|sort(case_sensitive=true) | people|sort(attribute='name')|map(attribute='name')|list | people|sort(attribute='age,name')|map(attribute='name')|list | people|sort(attribute='age', reverse=true)|map(attribute='name')|list | [1, 'a']|sort | d|sort | [[2, 'b'], [1, 'c'], [2, 'a']]|sort | [true, 0, 2]|sort | [0.5, 1, -1]|sort
items|min | items|max | words|min | words|max | []|max | people|max(attribute='age') | people|min(attribute='name') | items|sum | people|sum(attribute='age') | items|sum(start=10) | [0.1, 0.2]|sum | []|sum | [[1], [2]]|sum(start=[])
items|length | name|count | d|length | range(4)|length | '😀'|length | 5|length | none|length
[1, 2, 2, 1]|unique|list | ['a', 'A', 'b']|unique|list | ['a', 'A', 'b']|unique(case_sensitive=true)|list | people|unique(attribute='age')|map(attribute='name')|list | [[1], [1]]|unique|list
items|select('odd')|list | items|reject('odd')|list | items|select('gt', 1)|list | items|select('>', 1)|list | [0, 1, '']|select|list | [0, 1, '']|reject|list | people|selectattr('active')|map(attribute='name')|list | people|rejectattr('active')|map(attribute='name')|list | people|selectattr('age', 'equalto', 29)|map(attribute='name')|list | people|rejectattr('address.city', 'in', ['Bern'])|map(attribute='name')|list | people|selectattr('zip', 'defined')|list | items|select('in', [1, 2])|list
d|dictsort | d|dictsort(true) | d|dictsort(by='value') | d|dictsort(reverse=true) | d|items|list | missing|items|list | {'x': 1}|items|first
people|groupby('age') | people|groupby('address.city')|map(attribute='grouper')|list | people|groupby('address.city')|map('first')|list | people|groupby('zip', default='none')|length | people|groupby('name')|map(attribute='0')|list
[1, 2, 3, 4, 5]|batch(2)|list | [1, 2, 3, 4, 5]|batch(2, '-')|list | [1, 2, 3, 4, 5]|slice(2)|list | [1, 2, 3, 4, 5]|slice(3, 'x')|list | [1, 2, 3, 4]|slice(2, 'x')|list | []|batch(3)|list
2.5|round | 3.5|round | 2.675|round(2) | 0.125|round(2) | 2.4|round(method='ceil') | 2.6|round(method='floor') | 7|round | 1234|round(-2) | 1250|round(-2) | 1350|round(-2) | 2.345|round(1, 'ceil') | -2.5|round | 1e300|round(2) | 7|round(1, 'floor')
missing|default('a') | none_value|default('a') | none_value|default('a', true) | ''|d('e', true) | 0|default(5, boolean=true) | missing|d | d.nope|default('z')
'%s is %d' | format('a', 3) | '%05.2f|%x|%5s|%-5s|' | format(3.14159, 255, 'ab', 'cd') | '%(a)s' | format(a=1) | '%s' % 5 | '%s-%s' % (1, 2) | '%+d % d %05d' % (3, 3, -42) | '%e %g %G %.3g' % (12345.678, 0.00001, 1e20, 3.14159) | '%r %s' % ('a', [1, 'b']) | '%%' % () | '%5.1f%%' % 12.345 | '%c%c' % ('a', 98) | '%d' % 3.9 | '%d' % 'a' | '%s' % (1, 2) | '%s %s' % 1 | '%.3d' % 5 | '%x' % 255 | '%#x' % 255 | '%o' % 8 | '%*d' % (5, 3) | '%.0f' % 2.5 | '%.0f' % 3.5 | '%g' % 100000 | '%g' % 1000000 | '%10.3e|' % 1234.5 | '%i' % true
lines|indent | lines|indent(2, true) | lines|indent(2, blank=true) | lines|indent('> ') | 'x'|indent | 'a\\n'|indent ~ '|' | text|truncate(12) | text|truncate(12, true) | text|truncate(12, false, '…') | text|truncate(30, leeway=0) | text|truncate(10, leeway=0) | text|wordcount | html|e | html|escape | html|safe | 'a b&c/d'|urlencode | {'a b': 'c&d', 'e': 1}|urlencode
d|tojson | [1, 'a"b', none, true, 1.5, 'é<>&\\'']|tojson | people[0]|tojson | {'b': 1, 'a': [1, 2]}|tojson(indent=2) | []|tojson | {}|tojson(2) | 'x\\n\\t\\\\'|tojson | '😀'|tojson
people[0]|attr('name') | name|attr('upper') is callable | d|string | items|string | 3|string ~ '!' | none|string | [1]|string|length | nope|bogus | n is bogus | items|map('bogus')|list | items|map|list | items|batch | 'a'|round | 'abc'|abs | 5|list | {'a': 1}|first | items|first|string
"""

METHODS = """
'a\\tb'.expandtabs() | 'a\\tb\\n\\tc'.expandtabs(4) | 'a\\tb'.expandtabs(0) | '{x}'.format_map({'x': 1}) | 'abcabc'.rindex('b') | 'abc'.rindex('z') | 'abc'.isascii() | 'é'.isascii() | 'a\\n'.isprintable() | 'é😀'.isprintable() | 'Ab Cd'.istitle() | 'ab'.istitle() | 'é😀x'.find('x') | 'é😀x'.index('x', 1, 3) | '😀'.count('') | '😀a'.zfill(5) | '😀'.center(4, '*') | 'aé😀'.rfind('😀')
'Hello'.upper() | 'Hello'.lower() | ' x '.strip() | ' x '.lstrip() ~ '|' | ' x '.rstrip() ~ '|' | 'xaxbx'.strip('x') | 'a,b,c'.split(',') | 'a b  c'.split() | 'a b c'.split(None, 1) | ' a b c '.split(maxsplit=1) | 'a,b,c'.rsplit(',', 1) | 'a b c'.rsplit(None, 1) | ' a  b '.rsplit(None, 1) | 'a,,b'.split(',') | ''.split(',') | ''.split() | 'a\\nb\\r\\nc'.splitlines() | 'a\\nb'.splitlines(true) | 'a=b=c'.partition('=') | 'a=b=c'.rpartition('=') | 'abc'.partition('-') | 'a,b'.split('')
','.join(['a', 'b']) | ','.join('abc') | ','.join([1]) | 'abc'.replace('b', 'd') | 'aaa'.replace('a', 'b', 1) | 'abc'.startswith('a') | 'abc'.endswith(('x', 'c')) | 'abc'.find('c') | 'abc'.find('z') | 'abcabc'.rfind('b') | 'abcabc'.find('b', 2) | 'abc'.index('b') | 'abc'.index('z') | 'banana'.count('a') | 'hello world'.title() | "it's".title() | 'hELLO'.capitalize() | 'aBc'.swapcase() | '42'.zfill(5) | '-42'.zfill(5) | 'a'.ljust(3, '.') | 'a'.rjust(3) | 'ab'.center(5, '*') | 'ab'.center(7) ~ '|' | 'abc'.center(6, '*') | 'prefix_x'.removeprefix('prefix_') | 'x_suffix'.removesuffix('_suffix') | 'ß'.isalpha()
'12'.isdigit() | ''.isdigit() | 'ab'.isalpha() | 'a1'.isalnum() | ' '.isspace() | 'AB'.isupper() | 'ab'.islower() | 'a1B'.islower() | 'x1'.isidentifier()
'{} {}'.format(1, 'a') | '{0}{1}{0}'.format('a', 'b') | '{x}-{y}'.format(x=1, y=2) | '{:>5}|{:<5}|{:^5}|'.format(1, 2, 3) | '{:05d} {:,} {:.2f}'.format(42, 1234567, 3.14159) | '{:x} {:#x} {:b} {:o} {:X}'.format(255, 255, 5, 8, 255) | '{!r}'.format('a') | '{{}}'.format() | '{:*^9}'.format('mid') | '{:+} {: }'.format(5, 5) | '{:.3}'.format('abcdef') | '{:e} {:g} {:%}'.format(1234.5, 0.5, 0.256) | '{a[0]} {b[k]}'.format(a=[9], b={'k': 'v'}) | '{:{w}}'.format(7, w=4) | '{} {}'.format(1) | '{'.format() | '{:d}'.format('a') | '{:,.2f}'.format(1234567.891) | '{:_}'.format(1234567) | '{:010,}'.format(1234) | '{:>10s}'.format('x') | '{}'.format(none) | '{:s}'.format('x') | '{:.1f}'.format(0.25) | '{:.2}'.format(1234.5) | '{:5}|'.format(true) | '{:-^10}'.format(x) | '{:.0%}'.format(0.5)
d.items() | d.keys() | d.values() | d.items()|list | d.keys()|list | d.get('a') | d.get('z') | d.get('z', 9) | d.keys()|join(',') | d.copy() | d.pop('zz', 5) | d.setdefault('a', 9) | d.items()|length | 'a' in d.keys() | d.get() | d.pop('zz')
items.index(1) | items.count(3) | items.index(9) | items.copy() | (1, 2, 1).count(1) | (1, 2).index(2) | items.nope() | 'a'.nope() | d.nope() | 'a'.upper(1) | (2.0).is_integer() | 'A-B'.split('-')[1].lower()
"""

STATEMENTS = [
    "{% if n > 5: %}a{% endif %}", "{% for i in items: %}{{ i }}{% endfor %}", "{% macro m(a): %}{{ a }}{% endmacro %}{{ m(1) }}", "{% with a = 1: %}{{ a }}{% endwith %}",
    "{% print n, name ~ '!' %}", "{% print %}x", "{% block a %}x{{ n }}{% endblock %}", "{% block a %}x{% endblock a %}", "{% set q = 1 %}{% block a %}{{ q }}{% endblock %}",
    "{% for i in items %}{% block a %}{{ i }}{% endblock %}{% endfor %}", "{% for i in items %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}", "{% block a %}{% set z = 1 %}{% endblock %}{{ z }}",
    "{% block a %}{% block b %}x{% endblock %}{% endblock %}", "{% autoescape false %}{{ html }}{% endautoescape %}", "{% if false %}{% include 'x' %}{% endif %}ok", "{% include 'x' %}", "{% include 'x' ignore missing %}",
    "{% if false %}{% import 'x' as y %}{% from 'x' import a, b as c with context %}{% endif %}ok", "{% import 'x' as y %}", "{% from 'x' import y %}",
    "{% for i in items %}{% break %}{% else %}none{% endfor %}", "{% for i in items %}{{ i }}{% continue %}{% else %}none{% endfor %}", "{% for i in items %}{% if loop.last %}{% break %}{% endif %}{% else %}none{% endfor %}",
    "{% for i in items %}{% set a %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endset %}[{{ a }}]{% endfor %}", "{% for i in items %}{% filter upper %}{% if i == 1 %}{% break %}{% endif %}a{{ i }}{% endfilter %}{% endfor %}",
    "{% for i in [1, 2] %}{% with %}{% break %}{% endwith %}{% endfor %}x", "{% for i in [1, 2] %}{% for j in [1, 2] %}{% break %}{% endfor %}{{ i }}{% endfor %}",
    "{% for i in items if missing_name.x %}{{ i }}{% endfor %}", "{% for i in range(3) %}{{ loop.nextitem }}{{ loop.last }}{{ loop.length }}{% endfor %}", "{% for i in [1, 2, 3]|map('string') %}{{ loop.revindex }}{{ i }}{% endfor %}",
    "{% for i in ['a', 1]|map('upper') %}{{ i }}{% break %}{% endfor %}", "{% for i in ['%d', 1]|select('odd') %}{{ i }}{% endfor %}", "{% macro m() %}{% for i in [1] %}{{ caller(i) }}{% endfor %}{% endmacro %}{% for j in [7] %}{% call(i) m() %}{{ i }}{{ j }}{% endcall %}{% endfor %}",
    "{% macro m(a, b=2, c=3) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 5, 6, 7, d=8) }}", "{% macro m(caller=1) %}{{ caller }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ caller.name }}{{ caller }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro outer() %}{% macro inner(x) %}<{{ x }}>{% endmacro %}{{ inner(1) }}{{ inner('a') }}{% endmacro %}{{ outer() }}", "{% set m = 1 %}{% macro m() %}x{% endmacro %}{{ m }}", "{% macro m() %}{{ m.name }}{% endmacro %}{{ m() }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}", "{% set ns = namespace(x=[]) %}{% do ns.x.append(1) %}{% set ns.y = ns.x %}{{ ns.y }}", "{% set ns = namespace() %}{% set ns.a %}text{% endset %}{{ ns.a }}",
    "{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}", "{% set a, b = 'xy' %}{{ a }}{{ b }}", "{% set a, b = d %}{{ a }}{{ b }}", "{% for a, b in {'x': 1}.items() %}{{ a }}{{ b }}{% endfor %}", "{% for k in d.keys() %}{{ k }}{% endfor %}",
    "{% if n is divisibleby 7 and n is not none %}y{% endif %}", "{% if not n is none %}y{% endif %}", "{% if n in items or 'a' in d %}y{% endif %}", "{{ 'y' if n is defined and n else 'n' }}", "{{ n is not odd }}", "{{ not n is odd }}",
    "{{ d[missing] }}", "{{ items[missing] }}", "{{ items[1:][0] }}", "{{ name[missing:] }}", "{{ items['x'] }}", "{{ d.items }}"[:0] + "{{ d['items']() | list }}", "{{ {'items': 5}.items }}"[:0] + "{{ {'items': 5}['items'] }}", "{{ {'a': 1}.get('a') }}{{ {'get': 5}.get('get') }}",
    "{% do items.append(4) %}{{ items }}", "{% set x = items %}{% do x.append(9) %}{{ items }}{{ x }}", "{% for i in items %}{% if i == 3 %}{% do items.append(5) %}{% endif %}{{ i }}{% endfor %}", "{% for k in d %}{% do d.update({'zz': 1}) %}{% endfor %}",
    "{{ d.update(q=1) }}{{ d }}", "{{ [1, 2].append(3) }}", "{% set l = [1] %}{% set l2 = l + [2] %}{{ l }}{{ l2 }}", "{% set t = (1, [2]) %}{% do t[1].append(3) %}{{ t }}", "{{ (1, 2) + (3,) }}{{ [1] * 3 }}{{ 'a' * 3 }}{{ 3 * 'ab' }}",
    "{{ range(3) }}{{ range(1, 9)[2:5] }}{{ range(10)[::-2]|list }}{{ range(10)[-1] }}{{ range(0) | list }}", "{{ d[1:] }}", "{{ n[1:] }}", "{{ 5[1:] }}", "{{ missing is callable }}{{ d.nope is callable }}{{ n is callable }}{{ name.upper is callable }}", "{{ 'x' % [1] }}", "{{ 'x' % (1,) }}", "{{ 'x' % missing }}", "{{ '%s' % missing }}", "{{ '%d' % missing }}", "{{ [{'a': 1}, {'a': 1}] | sort }}", "{{ [{'a': 1}, {'a': 2}] | sort }}", "{% for i in 5[1:] %}{{ i }}{% endfor %}", "{% set x = 5[1:] %}{{ x }}", "{{ missing[1:] }}", "{{ 'abc'[::-1] }}{{ 'abc'[5:] }}{{ [1,2,3][-2:] }}{{ (1,2,3)[:2] }}",
    "{% set sql %}\nselect {% for c in words %}\n  {{ c }}{{ ',' if not loop.last }}\n{%- endfor %}\nfrom t\n{% endset %}{{ sql | trim }}", "{{ 'A,B'.split(',') | map('lower') | join('|') }}", "{{ \"it's\" ~ 'a' \"b\" }}", "{{ ('a', 'b') | join }}",
    "{% for i in items -%}\n  {{ i }}\n  {%- if not loop.last -%} , {%- endif -%}\n{%- endfor %}", "{%- set a = 1 -%}\n\n{{ a }}\n{%- if a == 1 +%}\n x\n{%- endif %}", "{{ '%s' | format('a') }}{{ '%(x)s' % {'x': 1} }}{{ '%s' % 'a' }}{{ '%s' % [1, 2] }}{{ '%r' % 'a' }}",
    "{{ items | batch(2) | map('join', '-') | list }}", "{{ people | groupby('age') | map('list') | list | length }}", "{% for g in people | groupby('address.city') %}{{ g.grouper }}:{{ g.list | map(attribute='name') | join(',') }};{% endfor %}", "{% for city, group in people | groupby('address.city') %}{{ city }}{{ group | length }}{% endfor %}",
    "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}",
    "{% if false %}a{% endif %}b", "{% if missing %}a{% else %}b{% endif %}",
    "{% for i in items %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %}",
    "{% for i in items %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.first }}/{{ loop.last }}/{{ loop.length }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i in items if i > 1 %}{{ loop.index }}:{{ i }} {% else %}none{% endfor %}",
    "{% for i in items if i > 10 %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in items %}{{ loop.previtem|default('-') }}<{{ i }}>{{ loop.nextitem|default('-') }} {% endfor %}",
    "{% for i in [1, 1, 2] %}{{ loop.changed(i) }} {% endfor %}", "{% for i in items %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for i in items %}{% for j in items %}{{ loop.index }}{{ loop.depth }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in [1, [2, [3]]] recursive %}{% if x is number %}{{ x }}@{{ loop.depth }}{% else %}({{ loop(x) }}){% endif %}{% endfor %}",
    "{% for i in range(10) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in range(5) %}{% if i is odd %}{% continue %}{% endif %}{{ i }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}", "{% for a, b in [1] %}{{ a }}{% endfor %}", "{% for i in 5 %}{% endfor %}",
    "{% for c in 'abc' %}{{ c }}.{% endfor %}", "{% for i in missing %}{{ i }}{% else %}nothing{% endfor %}",
    "{{ loop }}{% for i in [1] %}{% endfor %}", "{% for i in items|sort %}{{ i }}{% endfor %}{{ i }}",
    "{% set a = 1 %}{{ a }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a = 1, 2 %}{{ a }}", "{% set (a, b) = [3, 4] %}{{ a }}{{ b }}",
    "{% set a %}x{{ n }}y{% endset %}[{{ a }}]", "{% set a | upper %}abc{% endset %}{{ a }}", "{% set a | replace('b', 'x') | upper %}abc{% endset %}{{ a }}",
    "{% set a = 1 %}{% for i in items %}{% set a = i %}{{ a }}{% endfor %}{{ a }}",
    "{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}",
    "{% set ns = namespace(total=0) %}{% for i in items %}{% set ns.total = ns.total + i %}{% endfor %}{{ ns.total }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns.b }}", "{% set d.a = 1 %}", "{% set nope.a = 1 %}",
    "{% set l = [] %}{% do l.append(1) %}{% do l.extend([2, 3]) %}{% do l.insert(0, 9) %}{{ l }}{{ l.pop() }}{{ l.pop(0) }}{{ l }}",
    "{% set l = [3, 1] %}{% do l.sort() %}{{ l }}{% do l.reverse() %}{{ l }}{% do l.remove(3) %}{{ l }}{% do l.clear() %}{{ l }}",
    "{% set x = {} %}{% do x.update({'a': 1}) %}{% do x.update(b=2) %}{{ x }}{% do x.pop('a') %}{{ x }}{{ x.setdefault('c', []) }}{{ x }}",
    "{% macro m(a, b='B') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a, b=1, c=[]) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}",
    "{% macro list_users(users) %}<{% for u in users %}{{ caller(u) }}{% endfor %}>{% endmacro %}{% call(u) list_users(people) %}{{ u.name }};{% endcall %}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{{ n }}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}",
    "{% macro m() %}{{ caller() if caller else 'no' }}{% endmacro %}{{ m() }}",
    "{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * fact(n - 1)|int }}{% endif %}{% endmacro %}{{ fact(10) }}",
    "{% macro m() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ m() }}", "{% macro m() %}{% set inner = 1 %}{{ inner }}{% endmacro %}{{ m() }}{{ inner }}",
    "{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}", "{% macro m(x) -%}  {{ x }}  {%- endmacro %}[{{ m(1) }}]",
    "{% set args = [1, 2] %}{% macro m(a, b, c=0) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*args) }}{{ m(*args, **{'c': 9}) }}{{ m(0, *[1]) }}",
    "{% filter upper %}abc{{ name }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aaa{% endfilter %}", "{% filter indent(2, true) %}a\nb{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}", "{% with a = 1, b = a %}{{ b }}{% endwith %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "{% set j = joiner('|') %}{{ j() }}a{{ j() }}b{{ j() }}c",
    "{% set m = people|map(attribute='name') %}{{ m|list }}{{ m|list }}", "{{ 1, 2 }}", "{{ () }}", "{% do 1 %}x", "{{ [1, 2][0], 3 }}",
    "{% raw %}{{ x }} {% if %}{% endraw %}", "a {%- raw -%} {{ x }} {%- endraw -%} b", "{% raw %}{% endraw %}", "{#c#}a{# {{ x }} #}b", "{# multi\nline #}x",
    "{% for i in items %}{% set loop_var = loop.index %}{% if loop.first %}{% set seen = i %}{% endif %}{{ seen }}{% endfor %}",
    "{% for i in [1,2] %}{% set y = y|default(0) + i %}{{ y }}{% endfor %}", "{% set x = x + 1 %}{{ x }}", "{% set y = 5 %}{% macro m(y=y) %}{{ y }}{% endmacro %}{{ m() }}",
    "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% set f = 'x'.upper %}{{ f() }}", "{{ people|map(attribute='name')|map('upper')|join(',') }}",
    "{% if a is defined %}{{ a }}{% else %}undefined{% endif %}", "{% if not missing is defined %}u{% endif %}", "{%if n%}{{n}}{%endif%}", "{{n}}{{-n}}{{ - n }}",
    "{% set ns = namespace(a=[]) %}{% for p in people %}{% set ns.a = ns.a + [p.name] %}{% endfor %}{{ ns.a }}", "{{ '}}' }}{{ '%}' }}{{ \"{{\" }}",
    "{% set q = {'a': {'b': 1}} %}{{ q.a.b }}{{ q['a']['b'] }}{{ q.a.c }}", "{{ dict(a=1).a }}", "{% set t = (1, 'a') %}{{ t[1] }}{{ t }}", "{{ '\\n' in lines }}",
]

SYNTAX_ERRORS = [
    "{% break %}", "{% continue %}", "{% for x in y %}{% else %}{% break %}{% endfor %}", "{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "{% macro m(a,) %}{% endmacro %}", "{% macro m(a b) %}{% endmacro %}",
    "{% with a = 1, %}{% endwith %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% block a-b %}{% endblock %}", "{% block %}{% endblock %}", "{% include %}", "{% import 'x' %}", "{% from 'x' import _a %}", "{% extends %}", "{% print a b %}",
    "{% autoescape %}{% endautoescape %}", "{% macro m(a: string) %}{% endmacro %}", "{% materialization x, default %}{% endmaterialization %}", "{% test x() %}{% endtest %}", "{% set x = %}", "{% for x y in z %}{% endfor %}", "{% call m %}{% endcall %}",
    "{% if %}", "{% if x %}", "{% endif %}", "{{ 1 + }}", "{{ (1 }}", "{{ 1) }}", "{{ [1 }}", "{{ 'abc }}", "{{ x", "{% for %}{% endfor %}", "{% for x in %}{% endfor %}",
    "{% bogus %}", "{% set %}", "{% set 1 = 2 %}", "{% set true = 2 %}", "{% macro %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{# x", "{% raw %}x", "{{ }}",
    "{{ a b }}", "{{ a.1.b.'c' }}", "{{ {1} }}", "{% else %}", "{% for x in y %}{% endif %}", "{{ f(a=1, 2) }}", "{{ f(**a, *b) }}", "{{ @ }}", "{{ x ! }}", "{% call x %}{% endcall %}",
    "{% filter %}{% endfilter %}", "{{ x | }}", "{{ x is }}", "{{ x is odd is even }}", "{{ 012 }}", "{{ x..y }}", "{{ '\\x1' }}", "{{ a; b }}", "{% if x %}{% elif %}{% endif %}", "{{ not }}", "{{ ] }}",
]

WHITESPACE = [
    "  {% if true %}\n  a\n  {% endif %}\nb\n", "a\n  {%- if true %}\n b {% endif -%}\n c", "{{ 1 }}\n{{ 2 }}\n", "x\n\n", "x\n", "a {{- 1 -}} b", "a {{ 1 }} b", "a\n{# c #}\nb",
    "a\n  {# c #}\nb", "a\n  {#- c -#}\n b", "  {%+ if true %}\n  a\n  {% endif +%}\nb", "a {%+ if true +%} b {%- endif +%} c", "<div>\n    {% for i in [1, 2] %}\n    <p>{{ i }}</p>\n    {% endfor %}\n</div>",
    "a\r\nb\r{{ 1 }}\r\n", "\n{% if true %}\nx{% endif %}", "x {% if true %} \n y{% endif %}", "  {{ 1 }}", "   {%- set a = 1 %}  {{ a }}", "{% set a = 1 -%}\n\n  x", "{% raw %}\n a {% endraw %}\n b",
    "  {% raw %}\n a\n  {% endraw %}\n b", "{%- raw %}\n  a\n  {%- endraw %}\n b", "  {# c #}  {% if true %}x{% endif %}", "a{% if true %}\n\nb{% endif %}\n\nc", "\t{% if true %}x{% endif %}", "  {%- if true -%}  x  {%- endif -%}  ",
    "{{ 'a\nb' }}\n", "{{ 1 +}}", "{{ 1 -}}\n x", "{{+ 1 }}", "{%\n if\n true\n %}x{% endif %}", "a\n\n  {%- if true %}x{% endif %}", "  \n  {% if true %}x\n  {% endif %}\n", "{# a #}\n{# b #}\nc", "{#+ a +#}\nc", "   {#+ a #}\nc",
]


def split(block):
    """Expressions are separated by ' | '; a filter's bar has no blanks, or its name follows here."""
    for line in block.strip().splitlines():
        part = None
        for piece in line.split(" | "):
            if part is not None and piece.split("(")[0] in ("default", "format", "length", "list", "join"):
                part = part + "|" + piece
                continue
            if part is not None:
                yield part
            part = piece
        yield part


def run(template, options):
    case = {"template": template, **options, **render(template, options)}
    case.pop("message", None)
    return case


def write(name, cases):
    seen = set()
    unique = [c for c in cases if (key := json.dumps(c, sort_keys=True)) not in seen and not seen.add(key)]
    document = {"context": CONTEXT, "cases": unique}
    (HERE / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    print(name, len(unique), "cases,", sum("error" in c for c in unique), "of them refused")


def main():
    write("expressions", [run("{{ " + e + " }}", {}) for e in split(EXPRESSIONS)])
    write("filters", [run("{{ " + e + " }}", {}) for e in split(FILTERS)])
    write("methods", [run("{{ " + e + " }}", {}) for e in split(METHODS)])
    write("statements", [run(t, {}) for t in STATEMENTS])
    write("syntax_errors", [run(t, {}) for t in SYNTAX_ERRORS])
    write("whitespace", [
        run(t, {"trim_blocks": trim, "lstrip_blocks": lstrip, "keep_trailing_newline": keep})
        for t in WHITESPACE for trim in (False, True) for lstrip in (False, True) for keep in (False, True)])
    strict = ["missing", "missing is defined", "missing|default('x')", "missing == 1", "not missing", "missing ~ 'x'", "[missing]|length",
              "missing|length", "d.nope", "d.nope is defined", "missing.x", "1 if false", "missing or 1", "1 in missing", "missing in [1]"]
    write("strict", [run("{{ " + e + " }}", {"strict": True}) for e in strict]
          + [run("{% for i in missing %}{% endfor %}", {"strict": True}), run("{% if missing %}{% endif %}", {"strict": True})])


main()
