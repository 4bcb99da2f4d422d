use super::*;

#[test]
fn declared_names_and_electric_names_meet() {
    let cases = [
        ("boolean", "bool", 0),
        ("BOOL", "bool", 0),
        ("smallint", "int2", 0),
        ("int", "int4", 0),
        ("serial", "int4", 0),
        ("BigInt", "int8", 0),
        ("real", "float4", 0),
        ("float(24)", "float4", 0),
        ("float(25)", "float8", 0),
        ("double  precision", "float8", 0),
        ("numeric(10,2)", "numeric", 0),
        ("decimal", "numeric", 0),
        ("varchar(20)", "varchar", 0),
        ("character varying (20)", "varchar", 0),
        ("char(6)", "bpchar", 0),
        ("timestamp", "timestamp", 0),
        ("timestamp(3) with time zone", "timestamptz", 0),
        ("time without time zone", "time", 0),
        ("time(0) with time zone", "timetz", 0),
        ("interval day to second(3)", "interval", 0),
        ("pg_catalog.int4", "int4", 0),
        ("public.mood", "mood", 0),
        ("\"public\".\"My Mood\"", "My Mood", 0),
        ("\"char\"", "char", 0),
        ("Mood", "mood", 0),
        ("text[]", "text", 1),
        ("int4[3][3]", "int4", 2),
        ("varchar(20)[]", "varchar", 1),
        ("integer ARRAY", "int4", 1),
        ("\"My Mood\"[]", "My Mood", 1),
    ];
    for (declared, electric, dims) in cases {
        let expected = PgType::from_electric(electric, dims);
        assert_eq!(ty(declared), expected, "{declared}");
        assert_eq!(ty(&expected.to_string()), expected, "{expected}");
    }
}

#[test]
fn what_is_no_type_at_all_is_refused() {
    for declared in [
        "",
        "  ",
        "[]",
        "numeric(10",
        "text)",
        "te[xt",
        "text]",
        "\"mood",
        "public.",
    ] {
        let refused = PgType::parse_declared(declared);
        assert_eq!(refused, Err(format!("{declared:?} is not a column type")));
    }
}

#[test]
fn affinity_never_converts_what_is_kept_as_text() {
    let cases = [
        ("boolean", "BOOLEAN"),
        ("bigint", "INTEGER"),
        ("oid", "INTEGER"),
        ("real", "REAL"),
        ("bytea", "BLOB"),
        ("numeric", "TEXT"),
        ("jsonb", "TEXT"),
        ("uuid", "TEXT"),
        ("timestamp", "TEXT"),
        ("integer[]", "TEXT"),
        ("mood", "TEXT"),
    ];
    for (declared, sqlite) in cases {
        assert_eq!(ty(declared).declared_type(), sqlite, "{declared}");
    }
}

#[test]
fn a_type_without_a_canonical_spelling_passes_any_text() {
    for declared in ["text", "char(3)", "interval", "mood"] {
        assert!(!ty(declared).needs_canonical());
        for written in ["", " a ", "1e5", "[1]", "NaN"] {
            assert_eq!(canonical(&ty(declared), text(written)), Ok(text(written)));
        }
    }
    assert!(ty("uuid").needs_canonical() && ty("text[]").needs_canonical());
}

#[test]
fn the_servers_names_are_spelled_so_that_they_read_back() {
    let cases = [
        ("int4", 2, "int4[]", "int4[]"),
        ("varchar", 0, "varchar", "varchar"),
        ("My Mood", 1, "\"My Mood\"[]", "My Mood[]"),
        ("char", 0, "\"char\"", "char"),
        ("x[]", 0, "\"x[]\"", "x[]"),
        ("a(b", 0, "\"a(b\"", "a(b"),
        ("say \"x\"", 0, "\"say \"\"x\"\"\"", "say \"x\""),
        ("a.\"b", 0, "\"a.\"\"b\"", "a.\"b"),
        ("\"b\".c", 1, "\"\"\"b\"\".c\"[]", "\"b\".c[]"),
    ];
    for (name, dims, spelled, catalog) in cases {
        assert_eq!(PgType::spell_electric(name, dims), spelled);
        assert_eq!(ty(spelled), PgType::from_electric(name, dims));
        assert_eq!(PgType::catalog_name(spelled).as_deref(), Ok(catalog));
    }
    let declared = PgType::catalog_name("timestamp(3) with time zone[3][3]");
    assert_eq!(declared.as_deref(), Ok("timestamptz[]"));
}

#[test]
fn only_a_type_that_is_unknown_here_may_be_a_domain() {
    let cases = [
        ("email", "text", true),
        ("flag", "boolean", true),
        ("flag[]", "boolean[]", true),
        ("flag", "boolean[]", true),
        ("flag[]", "boolean", false),
        ("integer", "text", false),
        ("integer", "bigint", false),
        ("mood", "feeling", false),
        ("text", "mood", false),
    ];
    for (sent, declared, fits) in cases {
        let answer = ty(sent).may_be_declared(&ty(declared));
        assert_eq!(answer, fits, "{sent} as {declared}");
    }
}
