//! Tests of digests of typed data.

use super::*;
use proptest::prelude::*;
use serde_json::{json, Value};

fn hex_digest(typed_data: &Value) -> Result<String, Error> {
    digest(&typed_data.to_string()).map(hex::encode)
}

/// The example of the standard.
fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
            "Mail": [
                {"name": "from", "type": "Person"},
                {"name": "to", "type": "Person"},
                {"name": "contents", "type": "string"},
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    })
}

const MAIL: &str = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2";

#[test]
fn the_example_of_the_standard() {
    assert_eq!(hex_digest(&mail()).as_deref(), Ok(MAIL));
    let path = Path::root("types", "types");
    let types = mail()["types"].to_string();
    let types = Types::resolve(types::read(Json::parse(&types, &path).unwrap(), &path).unwrap(), &path).unwrap();
    let index = types.find("Mail").unwrap();
    assert_eq!(
        types.encode_type(index),
        "Mail(Person from,Person to,string contents)Person(string name,address wallet)"
    );
    assert_eq!(hex::encode(types.type_hash(index)), "a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2");
    let mut encoder = Encoder::new(&types);
    let domain = mail()["domain"].to_string();
    let message = mail()["message"].to_string();
    for (name, json, hash) in [
        (DOMAIN, &domain, "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"),
        ("Mail", &message, "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"),
    ] {
        let json = Json::parse(json, &path).unwrap();
        assert_eq!(hex::encode(encoder.hash_struct(types.find(name).unwrap(), json, &path).unwrap()), hash);
    }
}

#[test]
fn the_parts_have_the_same_digest() {
    let mut parts = mail();
    let of_parts = |parts: &Value| {
        let part = |name: &str| parts[name].to_string();
        digest_of_parts(&part("domain"), &part("types"), &part("message")).map(hex::encode)
    };
    assert_eq!(of_parts(&parts).as_deref(), Ok(MAIL));
    // The type of the domain follows from its fields.
    parts["types"].as_object_mut().unwrap().remove(DOMAIN);
    assert_eq!(of_parts(&parts).as_deref(), Ok(MAIL));
    assert_eq!(hex_digest(&parts).as_deref(), Ok(MAIL));
    parts["types"]["Other"] = json!([]);
    let error = of_parts(&parts).unwrap_err();
    assert_eq!(error.message, "types: more than one type could be the primary one: Mail, Other");
    assert_eq!(hex_digest(&parts).as_deref(), Ok(MAIL));
}

#[test]
fn numbers_and_addresses_have_many_spellings() {
    for chain_id in [json!("1"), json!("0x1"), json!("0x01"), json!("01")] {
        let mut mail = mail();
        mail["domain"]["chainId"] = chain_id;
        assert_eq!(hex_digest(&mail).as_deref(), Ok(MAIL));
    }
    let spelled = mail().to_string().replace("\"chainId\":1", "\"chainId\": 1.00 ");
    assert_ne!(spelled, mail().to_string());
    assert_eq!(digest(&spelled).map(hex::encode).as_deref(), Ok(MAIL));
    let lower = mail()
        .to_string()
        .replace("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826", "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826");
    assert_eq!(digest(&lower).map(hex::encode).as_deref(), Ok(MAIL));
}

/// The vector of @metamask/eth-sig-util for recursive types.
#[test]
fn a_type_may_refer_to_itself() {
    let types = json!({
        "EIP712Domain": mail()["types"]["EIP712Domain"],
        "Person": [
            {"name": "name", "type": "string"},
            {"name": "mother", "type": "Person"},
            {"name": "father", "type": "Person"},
        ],
    });
    let mut domain = mail()["domain"].clone();
    domain["name"] = json!("Family Tree");
    let message = json!({
        "name": "Jon",
        "mother": {
            "name": "Lyanna",
            "father": {"name": "Rickard", "mother": null, "father": null},
            "mother": null,
        },
        "father": {
            "name": "Rhaegar",
            "father": {"name": "Aeris II", "mother": null, "father": null},
            "mother": null,
        },
    });
    let hash = "807773b9faa9879d4971b43856c4d60c2da15c6f8c062bd9d33afefb756de19c";
    let of_parts = digest_of_parts(&domain.to_string(), &types.to_string(), &message.to_string());
    assert_eq!(of_parts.map(hex::encode).as_deref(), Ok(hash));
    let whole = json!({"types": types, "primaryType": "Person", "domain": domain, "message": message});
    assert_eq!(hex_digest(&whole).as_deref(), Ok(hash));
}

#[test]
fn a_domain_may_be_all_that_is_signed() {
    let mut mail = mail();
    mail["primaryType"] = json!(DOMAIN);
    mail["message"] = json!({});
    let separator = hex::decode("f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f").unwrap();
    assert_eq!(hex_digest(&mail).unwrap(), hex::encode(keccak256_of(&[b"\x19\x01", &separator])));
}

#[test]
fn faults_name_the_field() {
    for (pointer, value, code, message) in [
        ("/message/to/wallet", json!("0x12"), "22P02", "message.to.wallet: the value has 1 bytes where 20 are needed"),
        ("/message/to/wallet", json!(null), "22P02", "message.to.wallet: null is not an address"),
        ("/message/to", json!([]), "22P02", "message.to: an array is not an object"),
        ("/message/to", json!({}), "22023", "message.to.name: missing, and type Person has it"),
        ("/message", json!(null), "22P02", "message: null is not an object"),
        ("/message/contents", json!(1), "22P02", "message.contents: 1 is not a string"),
        ("/domain/chainId", json!("one"), "22P02", "domain.chainId: \"one\" is not a whole number"),
        ("/domain/chainId", json!(-1), "22003", "domain.chainId: -1 is not in the range 0 to 2^256-1"),
        ("/domain/chainId", json!(null), "22P02", "domain.chainId: null is not a whole number"),
        ("/domain", json!({"salt": "0x"}), "22023", "domain.salt: not among the fields of types.EIP712Domain"),
        ("/domain", json!({"name": "x"}), "22023", "domain.version: missing, and type EIP712Domain has it"),
        ("/domain", json!("x"), "22P02", "domain: \"x\" is not an object"),
        ("/primaryType", json!("Letter"), "22023", "primaryType: there is no type Letter"),
        ("/primaryType", json!(1), "22P02", "primaryType: 1 is not a string"),
        ("/types", json!([]), "22P02", "types: an array is not an object"),
        ("/types/Mail", json!({}), "22P02", "types.Mail: an object is not an array"),
        ("/types/Mail/1", json!("to"), "22P02", "types.Mail[1]: \"to\" is not an object"),
        ("/types/Mail/1", json!({"name": "to"}), "22023", "types.Mail[1].type: missing"),
        ("/types/Mail/1/type", json!(7), "22P02", "types.Mail[1].type: 7 is not a string"),
        ("/types/Mail/1/type", json!("Persona"), "22023", "types.Mail[1].type: there is no type Persona"),
        ("/types/Mail/1/type", json!("uint"), "22023", "types.Mail[1].type: there is no type uint"),
        ("/types/Mail/1/type", json!(""), "22023", "types.Mail[1].type: there is no type without a name"),
        ("/types/Mail/1/type", json!("Person[01]"), "22023", "types.Mail[1].type: Person[01] is not an array type"),
        ("/types/Mail/1/type", json!("Person[]x"), "22023", "types.Mail[1].type: Person[]x is not an array type"),
        ("/types/Mail/1/type", json!("Person]["), "22023", "types.Mail[1].type: Person][ is not an array type"),
        ("/types/Mail/1/type", json!("Person[]"), "22P02", "message.to: an object is not an array"),
        ("/types/Mail/1/name", json!("from"), "22023", "types.Mail[1].name: there are two fields from"),
        ("/types/Mail/1/name", json!("a,b c"), "22023", "types.Mail[1].name: not a name for a field"),
        ("/types/Mail/1/name", json!(""), "22023", "types.Mail[1].name: not a name for a field"),
    ] {
        let mut wrong = mail();
        *wrong.pointer_mut(pointer).unwrap() = value.clone();
        let error = hex_digest(&wrong).unwrap_err();
        assert_eq!((error.code.0, error.message.as_str()), (code, message), "{pointer} {value}");
        assert_eq!(error.detail.as_deref(), Some("Argument: typed_data."));
        assert!(error.hint.is_some());
    }
    for missing in ["types", "primaryType", "domain", "message"] {
        let mut wrong = mail();
        wrong.as_object_mut().unwrap().remove(missing);
        assert_eq!(hex_digest(&wrong).unwrap_err().message, format!("{missing}: missing"));
    }
    for (name, taken) in [("uint8", true), ("a b", true), ("a(", true), ("", true), ("Chain:Withdraw", false)] {
        let mut named = mail();
        named["types"][name] = json!([]);
        assert_eq!(hex_digest(&named).is_err(), taken, "{name}");
    }
    assert_eq!(hex_digest(&json!([])).unwrap_err().message, "typed_data: an array is not an object");
}

#[test]
fn faults_in_arrays_name_the_item() {
    let types = json!({"A": [{"name": "b", "type": "B[][2]"}], "B": [{"name": "c", "type": "uint8"}]}).to_string();
    let fault = |message: Value| {
        let error = digest_of_parts("{}", &types, &message.to_string()).unwrap_err();
        assert_eq!(error.detail.as_deref(), Some("Argument: message."));
        (error.code.0, error.message)
    };
    let item = |value: Value| json!({"b": [[], [{"c": 1}, {"c": value}]]});
    assert!(digest_of_parts("{}", &types, &item(json!(2)).to_string()).is_ok());
    assert_eq!(fault(item(json!(256))), ("22003", "message.b[1][1].c: 256 is not in the range 0 to 2^8-1".into()));
    assert_eq!(fault(item(json!("x"))), ("22P02", "message.b[1][1].c: \"x\" is not a whole number".into()));
    assert_eq!(fault(json!({"b": [[]]})), ("22023", "message.b: 1 values where the type has 2".into()));
    assert_eq!(fault(json!({"b": [[], {}]})), ("22P02", "message.b[1]: an object is not an array".into()));
    assert_eq!(fault(json!({"b": null})), ("22P02", "message.b: null is not an array".into()));
}

#[test]
fn what_is_nested_without_end_is_refused() {
    let types = json!({"A": [{"name": "a", "type": "A"}]}).to_string();
    let nested = |depth: usize| format!("{}null{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(digest_of_parts("{}", &types, &nested(128)).is_ok());
    let error = digest_of_parts("{}", &types, &nested(129)).unwrap_err();
    assert!(error.message.ends_with(".a: nested more than 128 values deep"));
    assert!(digest_of_parts("{}", &types, &nested(100_000)).is_err());
    let arrays = json!({"A": [{"name": "a", "type": format!("uint8{}", "[]".repeat(100_000))}]}).to_string();
    let value = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(digest_of_parts("{}", &arrays, &value).is_err());
}

#[test]
fn types_without_number_are_refused() {
    let types = |count: usize| -> Value { (0..count).map(|n| (format!("T{n}"), json!([]))).collect() };
    let digest_with = |count: usize| {
        let data = json!({"types": types(count), "primaryType": "T0", "domain": {}, "message": {}});
        hex_digest(&data).map_err(|error| error.message)
    };
    assert!(digest_with(1000).is_ok());
    assert_eq!(digest_with(1001).unwrap_err(), "types: 1001 types, and at most 1000 are taken");
}

#[test]
fn the_primary_type_is_the_one_that_no_other_refers_to() {
    let primary = |types: Value| {
        let message = json!({"a": null, "b": null, "c": 1});
        digest_of_parts("{}", &types.to_string(), &message.to_string()).map_err(|error| error.message)
    };
    let field = |name: &str, kind: &str| json!([{"name": name, "type": kind}]);
    assert!(primary(json!({"A": field("a", "B"), "B": field("b", "B")})).is_ok());
    assert!(primary(json!({"A": field("a", "A")})).is_ok());
    let none = "types: no type is the primary one: each is part of another, or there is none";
    assert_eq!(primary(json!({"A": field("a", "B"), "B": field("b", "A")})).unwrap_err(), none);
    assert_eq!(primary(json!({})).unwrap_err(), none);
    assert_eq!(primary(json!({"EIP712Domain": []})).unwrap_err(), none);
}

/// Any JSON, with the words of the standard strewn in.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "types",
        "primaryType",
        "domain",
        "message",
        "EIP712Domain",
        "A",
        "B",
        "name",
        "type",
        "a",
        "b",
        "uint8",
        "A[]",
        "B[2][]",
        "bytes",
        "bytes4",
        "string",
        "address",
        "0x",
        "0x00000001",
        "-1",
        "chainId",
        "salt",
        "[]",
    ]);
    let text = prop_oneof![4 => word.prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text: String, json in any_json(), parts in prop::array::uniform3(any_json())) {
        let _ = digest(&text);
        let _ = digest(&json.to_string());
        let [domain, types, message] = parts.map(|part| part.to_string());
        let _ = digest_of_parts(&domain, &types, &message);
        let _ = digest_of_parts("{}", &types, &message);
    }

    #[test]
    fn no_change_of_a_valid_one_is_a_panic(
        pointer in prop::sample::select(vec![
            "/types", "/types/Mail", "/types/Mail/0", "/types/Mail/0/type", "/types/Mail/0/name", "/types/EIP712Domain",
            "/primaryType", "/domain", "/domain/chainId", "/message", "/message/from", "/message/to/wallet",
        ]),
        json in any_json(),
    ) {
        let mut changed = mail();
        if let Some(place) = changed.pointer_mut(pointer) {
            *place = json;
        }
        let _ = hex_digest(&changed);
        let part = |name: &str| changed[name].to_string();
        let _ = digest_of_parts(&part("domain"), &part("types"), &part("message"));
    }
}
