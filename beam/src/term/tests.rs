use super::*;

fn decoded(bytes: &[u8]) -> Result<Term, DecodeError> {
    Decoder::default().decode(bytes).map(|(term, _)| term)
}

#[track_caller]
fn comes_back(term: Term) {
    let mut bytes = Vec::new();
    encode(&term, &mut bytes).unwrap();
    assert_eq!(Decoder::default().decode(&bytes), Ok((term, &[][..])), "{bytes:?}");
}

/// A generator of numbers for tests (splitmix64): the same ones each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }

    fn atom(&mut self) -> Atom {
        let names = ["ok", "undefined", "a@b", "", "größe", "with space"];
        Atom::known(names[self.below(names.len())])
    }

    fn terms(&mut self, depth: usize) -> Vec<Term> {
        (0..self.below(5)).map(|_| self.term(depth)).collect()
    }

    fn term(&mut self, depth: usize) -> Term {
        let kinds = if depth == 0 { 11 } else { 15 };
        match self.below(kinds) {
            0 => Term::Int(self.next() as i64 >> self.below(63)),
            1 => BigInt::from_bytes(self.next() & 1 == 1, &self.bytes(300)),
            2 => Term::Float(self.next() as i64 as f64 / 1e9),
            3 => Term::Atom(self.atom()),
            4 => Term::Binary(self.bytes(30)),
            5 => Term::Bits(vec![self.next() as u8; 1 + self.below(9)], 1 + self.below(7) as u8),
            6 => Term::Pid(Pid { node: self.atom(), creation: 7, id: self.next() as u32, serial: 3 }),
            7 => Term::Port(Box::new(Port { node: self.atom(), creation: self.next() as u32, id: self.next() })),
            8 => {
                let words: Vec<u32> = (0..1 + self.below(5)).map(|_| self.next() as u32).collect();
                Reference { node: self.atom(), creation: 9, words: Words::new(&words).unwrap() }.into()
            }
            9 => {
                let (module, function) = (self.atom(), self.atom());
                Term::Export(Box::new(Export { module, function, arity: self.next() as u8 }))
            }
            10 => {
                let body = self.bytes(20);
                let mut raw = vec![112];
                raw.extend((body.len() as u32 + 4).to_be_bytes());
                raw.extend(body);
                Term::Fun(raw)
            }
            11 => Term::Tuple(self.terms(depth - 1)),
            12 => Term::List(self.terms(depth - 1)),
            13 => {
                let mut items = self.terms(depth - 1);
                items.push(Term::Int(1));
                Term::Improper(items, Box::new(Term::Atom(self.atom())))
            }
            _ => Term::Map(self.terms(depth - 1).into_iter().map(|key| (key, Term::Int(5))).collect()),
        }
    }
}

#[test]
fn whatever_is_encoded_comes_back() {
    let mut chance = Chance(1);
    (0..5_000).for_each(|_| comes_back(chance.term(5)));
    for n in [i64::MIN, i64::MAX, -1, 0, 255, 256, -256, 1 << 31, -(1 << 31), (1 << 31) - 1] {
        comes_back(n.into());
    }
    comes_back(u64::MAX.into());
    comes_back(Term::Tuple(vec![Term::Int(1); 300]));
    comes_back(Term::Atom(Atom::known(&"ß".repeat(255))));
}

#[test]
fn bytes_at_random_are_refused_or_taken_but_never_a_panic() {
    let mut chance = Chance(2);
    let (mut n_taken, mut decoder) = (0, Decoder::new(Bounds { depth: 32, memory: 1 << 20 }));
    for _ in 0..200_000 {
        let mut bytes = chance.bytes(40);
        bytes.insert(0, 131);
        n_taken += u32::from(decoder.decode(&bytes).is_ok());
    }
    assert!(n_taken > 100, "{n_taken} of 200,000: nothing but refusals was tried");
}

#[test]
fn a_term_with_bytes_changed_or_cut_is_refused_or_taken_but_never_a_panic() {
    let mut chance = Chance(3);
    let (mut n_taken, mut n_refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        encode(&chance.term(4), &mut bytes).unwrap();
        for _ in 0..1 + chance.below(4) {
            let at = chance.below(bytes.len());
            match chance.below(3) {
                0 => bytes[at] = chance.next() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, [0, 0xff, 108, 104, 116][chance.below(5)]),
            }
        }
        match decoded(&bytes) {
            Ok(term) => {
                n_taken += 1;
                // What is taken can be said again, and printed within bounds.
                encode(&term, &mut Vec::new()).unwrap();
                assert!(term.to_string().len() < 2_000);
            }
            Err(_) => n_refused += 1,
        }
    }
    assert!(n_taken > 1_000 && n_refused > 1_000, "{n_taken} taken, {n_refused} refused");
}

#[test]
fn a_length_is_not_believed() {
    for tag in [105, 108, 109, 111, 112, 116, 77] {
        let huge = [131, tag, 0xff, 0xff, 0xff, 0xff, 1, 0, 0];
        assert_eq!(decoded(&huge), Err(DecodeError::Short), "tag {tag}");
    }
    assert_eq!(decoded(&[131, 112, 0, 0, 0, 3, 0, 0]), Err(DecodeError::Value("size of a fun")));
    assert_eq!(decoded(&[131, 90, 0xff, 0xff, 119, 1, 97, 0, 0, 0, 0]), Err(DecodeError::Value("reference")));
}

#[test]
fn nesting_has_a_bound() {
    for (head, tail) in [(&[104, 1][..], &[][..]), (&[108, 0, 0, 0, 1], &[106]), (&[116, 0, 0, 0, 1, 106], &[])] {
        let nested = |n: usize| [vec![131], head.repeat(n), vec![106], tail.repeat(n)].concat();
        assert!(decoded(&nested(255)).is_ok());
        assert_eq!(decoded(&nested(100_000)), Err(DecodeError::Deep));
    }
    // A list in the tail of a list, without end.
    let tails = [vec![131], [108, 0, 0, 0, 0].repeat(100_000), vec![106]].concat();
    assert_eq!(decoded(&tails), Err(DecodeError::Deep));
}

#[test]
fn a_term_is_five_words() {
    assert!(size_of::<Term>() <= 40, "{} bytes", size_of::<Term>());
}

#[test]
fn memory_has_a_bound_though_each_item_is_one_byte() {
    let bytes = [vec![131, 108, 0, 1, 0, 0], vec![106; 65_536], vec![106]].concat();
    let mut small = Decoder::new(Bounds { depth: 8, memory: 65_536 * 8 });
    assert_eq!(small.decode(&bytes).map(|_| ()), Err(DecodeError::Large));
    assert!(Decoder::default().decode(&bytes).is_ok());
}

#[test]
fn old_forms_are_read() {
    let node = [100, 0, 3, b'a', b'@', b'b'];
    let with = |head: &[u8], tail: &[u8]| decoded(&[&[131], head, &node[..], tail].concat());
    let name = Atom::known("a@b");
    let pid = Pid { node: name.clone(), creation: 2, id: 5, serial: 6 };
    assert_eq!(with(&[103], &[0, 0, 0, 5, 0, 0, 0, 6, 2]), Ok(pid.into()));
    let port = Port { node: name.clone(), creation: 2, id: 5 };
    assert_eq!(with(&[102], &[0, 0, 0, 5, 2]), Ok(Term::Port(Box::new(port))));
    let reference = |words| Reference { node: name.clone(), creation: 2, words };
    let words = Words::new(&[1, 2]).unwrap();
    assert_eq!(with(&[114, 0, 2], &[2, 0, 0, 0, 1, 0, 0, 0, 2]), Ok(reference(words).into()));
    assert_eq!(with(&[101], &[0, 0, 0, 5, 2]), Ok(reference(Words::new(&[5]).unwrap()).into()));
    let float = [&[131, 99], &b"1.50000000000000000000e+00\0\0\0\0\0"[..]].concat();
    assert_eq!(decoded(&float), Ok(Term::Float(1.5)));
    assert_eq!(decoded(&[131, 115, 1, 0xe9]), Ok(Term::Atom(Atom::known("é"))));
    let string = Term::list([104.into(), 105.into()]);
    assert_eq!(decoded(&[131, 107, 0, 2, 104, 105]), Ok(string));
}

#[test]
fn values_that_a_type_does_not_have_are_refused() {
    for bytes in [
        &[131, 70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0][..],
        &[131, 77, 0, 0, 0, 1, 9, 1],
        &[131, 110, 1, 2, 1],
        &[131, 119, 1, 0xff],
    ] {
        assert!(matches!(decoded(bytes), Err(DecodeError::Value(_))), "{bytes:?}");
    }
    let long = [vec![131, 118, 1, 0], vec![b'a'; 256]].concat();
    assert_eq!(decoded(&long), Err(DecodeError::Value("atom")));
    assert_eq!(decoded(&[131, 82, 0]), Err(DecodeError::Tag(82)));
    assert_eq!(decoded(&[131, 80, 0, 0, 0, 1]), Err(DecodeError::Tag(80)));
    assert_eq!(decoded(&[130, 106]), Err(DecodeError::Version(130)));
}

#[test]
fn atoms_that_a_peer_makes_up_are_not_kept_without_end() {
    let mut decoder = Decoder::default();
    for n in 0..20_000_u32 {
        let bytes = [&[131, 119, 4][..], format!("{n:04x}").as_bytes().get(..4).unwrap()].concat();
        decoder.decode(&bytes).unwrap();
    }
    assert!(decoder.n_atoms() <= 8_192, "{}", decoder.n_atoms());
}

#[test]
fn terms_print_as_in_the_shell_and_are_cut() {
    let term = Term::tuple([Term::atom("error"), Term::list([104.into(), 105.into()]), Term::binary("x"), 2.5.into()]);
    assert_eq!(term.to_string(), r#"{error,"hi",<<"x">>,2.5}"#);
    assert_eq!(Term::Atom(Atom::known("it's")).to_string(), r"'it\'s'");
    let long = Term::list(vec![Term::Int(100_000); 1_000]).to_string();
    assert!(long.len() < 410 && long.ends_with("..."), "{long}");
}

#[test]
fn values_are_found_under_their_keys() {
    let pairs = Term::list([Term::tuple([Term::atom("memory"), u64::MAX.into()])]);
    assert_eq!(pairs.get("memory").and_then(Term::as_count), Some(u64::MAX));
    assert_eq!(pairs.get("absent"), None);
    assert_eq!(Term::Map(vec![(Term::atom("a"), 1.into())]).get("a").and_then(Term::as_int), Some(1));
    assert_eq!(Term::list([104.into(), 105.into()]).to_text().as_deref(), Some("hi"));
}
