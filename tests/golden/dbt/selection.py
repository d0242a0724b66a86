#!/usr/bin/env python3
"""Writes selection.json: what dbt selects of a project's models by each of the selectors below, or that it refuses.

Run it after a change of the project or the selectors, with dbt 1.11 and its DuckDB adapter importable:
    python3 tests/golden/dbt/selection.py
"""

import json
import os
import pathlib
import sys
import tempfile

from dbt.cli.main import dbtRunner

FILES = {
    "dbt_project.yml": """name: shop
profile: shop
models:
  shop:
    staging: {+tags: [staging, nightly], +materialized: view}
    marts: {+materialized: table, +meta: {owner: finance}}
""",
    "models/staging/stg_orders.sql": "select * from {{ source('raw', 'orders') }}",
    "models/staging/stg_items.sql": "select * from {{ source('raw', 'items') }}",
    "models/staging/web/stg_clicks.sql": "{{ config(tags='web') }} select * from {{ source('site', 'clicks') }}",
    "models/marts/orders.sql": "select * from {{ ref('stg_orders') }} join {{ ref('stg_items') }} using (id)",
    "models/marts/daily_orders.sql": "{{ config(materialized='view', tags=['daily', 'nightly']) }} select * from {{ ref('orders') }}",
    "models/marts/finance/revenue.sql": "{{ config(meta={'tier': 'gold'}) }} select * from {{ ref('daily_orders') }}",
    "models/marts/web.sql": "select * from {{ ref('stg_clicks') }}",
    "models/dashboard.sql": "select * from {{ ref('revenue') }}, {{ ref('web') }}",
    "models/schema.yml": """sources:
  - {name: raw, tables: [{name: orders}, {name: items}]}
  - {name: site, tables: [{name: clicks}]}
models:
  - {name: orders, config: {tags: core, on_schema_change: fail}}
  - {name: web, tags: [web, core]}
""",
}

SELECTORS = """
orders | +orders | orders+ | +orders+ | 1+dashboard | 2+dashboard | orders+1 | 1+daily_orders+1 | 0+orders | @orders | @stg_clicks | @web
orders web | orders,web | tag:nightly,staging | tag:nightly,marts.* | +dashboard,tag:web | stg_orders+,@stg_clicks | orders web,tag:core
staging | staging.* | shop.staging | shop.staging.web | marts.finance | staging.web.stg_clicks | shop | shop.* | * | *orders | stg_* | *_orders
stg_[io]* | stg_[!i]* | stg_?tems | marts.*orders | marts.fin*.rev* | sta* | shop.orders | finance | orders.x | fqn:orders | fqn:marts.*
tag:staging | tag:web | tag:core | tag:n* | tag:daily+ | +tag:daily | tag:NIGHTLY | tag:core,tag:web
path:models/marts | path:models/marts/ | path:models/marts/orders.sql | models/staging | ./models/staging | models/marts/*.sql | models/*/stg_* | models/** | models/**/web | models/stag* | models/marts/orders
file:orders.sql | file:orders | orders.sql | file:stg_*.sql | file:*orders | +file:web.sql
config.materialized:table | config.materialized:view | config.tags:core | config.meta.owner:finance | config.meta.tier:gold | config.enabled:true | config.enabled:false | config.on_schema_change:fail | config.on_schema_change:ignore | config.nothing:1 | config.meta.owner.x:1
package:shop | package:this | package:other | package:s* | resource_type:model | resource_type:source | resource_type:nothing | resource_type:model,tag:web
source:raw | source:raw+ | source:raw.orders+ | source:shop.raw.items+1 | source:*.clicks+ | source:site+,marts.* | 1+stg_orders | @source:site | source:a.b.c.d
nothing:x | :orders | orders: | @orders+ | nope | +nope | nope* | 5+ | +
"""


def main():
    here = pathlib.Path(__file__).parent
    cases = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for path, text in FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "profiles.yml").write_text("shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}")
        os.chdir(folder)
        for line in SELECTORS.strip().splitlines():
            for selector in line.split(" | "):
                arguments = ["--quiet", "--no-send-anonymous-usage-stats", "ls", "--output", "name", "--resource-type", "model", "--select"]
                answer = dbtRunner().invoke(arguments + selector.split(" "))
                case = {"select": selector}
                if answer.success:
                    case["models"] = sorted(answer.result)
                else:
                    case["error"] = str(answer.exception)
                cases.append(case)
        os.chdir("/")
    golden = {"files": FILES, "cases": cases}
    (here / "selection.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(cases)} selectors, {sum('error' in case for case in cases)} of them refused", file=sys.stderr)


if __name__ == "__main__":
    main()
