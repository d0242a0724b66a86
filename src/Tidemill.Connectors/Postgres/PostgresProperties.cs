using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>
/// What stands on a relation beside its columns and rows, and goes with it when it is dropped: options, grants, comments, triggers,
/// rules, row security, publications, owner. It is noted as statements in a setting of the transaction, and those are run for the relation
/// that has its name afterwards. Constraints and indexes are no part of it: a table's indexes are its model's.
/// </summary>
internal static class PostgresProperties
{
    /// <summary>
    /// Columns of a property: the relation, its place in the order, the column that it belongs to (left out when that is gone), the kind of
    /// relation that can have it (null: any), whether losing it is an error, and its statement; null stands for taking away what the
    /// new relation was granted by default.
    /// </summary>
    private const string Properties = """
        WITH relation AS (
            SELECT c.oid, c.relowner, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
                n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) AS name,
                CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
            FROM unnest(ARRAY[{0}]) AS given(name) JOIN pg_class c ON c.oid = to_regclass(given.name)
                JOIN pg_namespace n ON n.oid = c.relnamespace
        ), columns AS (
            SELECT r.*, a.attnum, a.attname, a.attacl FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped
        ), grants AS (
            SELECT r.name, NULL::name AS attname, g.* FROM relation r CROSS JOIN aclexplode(r.relacl) g
            UNION ALL SELECT c.name, c.attname, g.* FROM columns c CROSS JOIN aclexplode(c.attacl) g
        )
        SELECT name, 1 AS rank, NULL::name AS attribute, kind AS fits, false AS needed, format('ALTER %s %s SET (%s)', kind, name,
            (SELECT string_agg(format('%s=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') FROM unnest(reloptions) o))
            AS statement FROM relation WHERE reloptions IS NOT NULL
        UNION ALL SELECT name, 2, NULL, NULL, false, NULL FROM relation WHERE relacl IS NOT NULL
        UNION ALL SELECT name, 3, attname, NULL, false, format('GRANT %s%s ON %s TO %s%s',
            privilege_type, ' (' || quote_ident(attname) || ')', name,
            CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
            CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM grants
        UNION ALL SELECT name, 4, NULL, k, false, format('COMMENT ON %s %s IS %L', k, name, obj_description(oid, 'pg_class'))
            FROM relation CROSS JOIN unnest(ARRAY['TABLE', 'VIEW']) k WHERE obj_description(oid, 'pg_class') IS NOT NULL
        UNION ALL SELECT name, 4, attname, NULL, false, format('COMMENT ON COLUMN %s.%I IS %L', name, attname, col_description(oid, attnum))
            FROM columns WHERE col_description(oid, attnum) IS NOT NULL
        UNION ALL SELECT c.name, 4, c.attname, c.kind, false,
            format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.name, c.attname, pg_get_expr(d.adbin, d.adrelid))
            FROM columns c JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = c.attnum WHERE c.kind = 'VIEW'
        UNION ALL SELECT r.name, 5, NULL, r.kind, true, pg_get_triggerdef(t.oid)
            FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
        UNION ALL SELECT r.name, 6, NULL, r.kind, true, format('ALTER TABLE %s %s TRIGGER %I', r.name,
            CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
            FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'O'
        UNION ALL SELECT r.name, 5, NULL, r.kind, true, pg_get_ruledef(w.oid)
            FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
        UNION ALL SELECT r.name, 7, NULL, r.kind, true, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.policyname, r.name,
            p.permissive, p.cmd, (SELECT string_agg(quote_ident(role), ', ') FROM unnest(p.roles) role), ' USING (' || p.qual || ')',
            ' WITH CHECK (' || p.with_check || ')')
            FROM relation r JOIN pg_policies p ON p.schemaname = r.nspname AND p.tablename = r.relname
        UNION ALL SELECT name, 8, NULL, kind, true, format('ALTER TABLE %s %s ROW LEVEL SECURITY', name, verb) FROM relation
            CROSS JOIN LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) s(verb, is_set) WHERE is_set
        UNION ALL SELECT name, 8, NULL, kind, true,
            format('ALTER TABLE %s REPLICA IDENTITY %s', name, CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
            FROM relation WHERE kind = 'TABLE' AND relreplident IN ('f', 'n')
        UNION ALL SELECT r.name, 8, NULL, r.kind, true, format('ALTER PUBLICATION %I ADD TABLE %s%s%s', p.pubname, r.name,
            CASE WHEN to_jsonb(m) ->> 'prattrs' IS NOT NULL THEN (SELECT format(' (%s)', string_agg(quote_ident(a), ', '))
                FROM jsonb_array_elements_text(to_jsonb(t) -> 'attnames') a) END,
            ' WHERE (' || NULLIF(to_jsonb(t) ->> 'rowfilter', '') || ')')
            FROM relation r JOIN pg_publication_rel m ON m.prrelid = r.oid JOIN pg_publication p ON p.oid = m.prpubid
                JOIN pg_publication_tables t ON t.pubname = p.pubname AND t.schemaname = r.nspname AND t.tablename = r.relname
        UNION ALL SELECT name, 9, NULL, NULL, false, format('ALTER TABLE %s OWNER TO %I', name, pg_get_userbyid(relowner))
            FROM relation WHERE relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
        """;

    /// <summary>Puts the noted properties on the relations of the same names. An error when a view cannot have what a table had, or the
    /// other way about.</summary>
    public const string Restore = """
        DO $tidemill$ DECLARE kept record; new record; grantee text; BEGIN
        FOR kept IN SELECT * FROM jsonb_to_recordset(current_setting('tidemill.properties')::jsonb)
            AS p(name text, rank integer, attribute text, fits text, needed boolean, statement text) ORDER BY name, rank LOOP
            SELECT oid, relacl, relowner, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind INTO new
                FROM pg_class WHERE oid = to_regclass(kept.name);
            CONTINUE WHEN NOT FOUND;
            CONTINUE WHEN kept.attribute IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = new.oid AND a.attname = kept.attribute AND NOT a.attisdropped);
            IF kept.fits <> new.kind AND kept.needed THEN
                RAISE EXCEPTION '% is a % now, which cannot keep what was made by: %', kept.name, lower(new.kind), kept.statement
                    USING HINT = 'Drop it by hand first, or leave the materialization as it was.';
            END IF;
            CONTINUE WHEN kept.fits <> new.kind;
            IF kept.statement IS NOT NULL THEN
                EXECUTE kept.statement;
                CONTINUE;
            END IF;
            FOR grantee IN SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
                FROM aclexplode(COALESCE(new.relacl, acldefault('r', new.relowner))) g LOOP
                EXECUTE format('REVOKE ALL ON %s FROM %s', kept.name, grantee);
            END LOOP;
        END LOOP;
        END $tidemill$
        """;

    /// <summary>Notes the properties of the relations until the transaction ends.</summary>
    public static string Note(IEnumerable<TableName> relations) => $"""
        DO $tidemill$ BEGIN
        PERFORM set_config('tidemill.properties', (SELECT COALESCE(jsonb_agg(to_jsonb(p)), '[]')::text FROM (
        {Properties.Replace("{0}", string.Join(", ", relations.Select(r => SqlName.Literal(r.Quoted))), StringComparison.Ordinal)}
        ) p), true);
        END $tidemill$
        """;
}
