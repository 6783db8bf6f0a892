//! Reads `generated/schema.txt`; its head says what its lines mean. Nothing is copied: names are slices of the text.

use super::field::Rare;
use super::{Field, ListKind, MapKind, Omit, Shape, Table, Type, TypeId};
use crate::{GroupVersionKind, Name};

/// Type names in order; a place in it is the [`TypeId`]. The second word says whether the type is an object.
type Names = Vec<(&'static str, bool)>;

/// Reads the whole table, or nothing if any line is not as described.
pub(super) fn table(text: &'static str) -> Option<Table> {
    let lines = || text.lines().filter(|line| !line.starts_with('#'));
    let names: Names = lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| {
            let name = line.split(' ').next().unwrap_or(line);
            (name, !line[name.len()..].starts_with(" =*"))
        })
        .collect();
    let mut types: Vec<Type> = Vec::with_capacity(names.len());
    let mut fields = Vec::new();
    for line in lines() {
        if let Some(line) = line.strip_prefix(' ') {
            fields.push(field(line, fields.len(), &names)?);
        } else {
            close(&mut types, &mut fields);
            types.push(ty(line, &names)?);
        }
    }
    close(&mut types, &mut fields);
    Some(Table::new(types))
}

fn close(types: &mut [Type], fields: &mut Vec<Field>) {
    if let Some(last) = types.last_mut() {
        fields.sort_unstable_by(|a: &Field, b| a.name.cmp(&b.name));
        last.fields = fields.drain(..).collect();
    }
}

fn ty(line: &'static str, names: &Names) -> Option<Type> {
    let mut words = line.split(' ');
    let mut ty = Type {
        name: Name::Borrowed(words.next()?),
        alias: None,
        gvk: None,
        map: None,
        unions: None,
        fields: Box::default(),
    };
    for word in words {
        match word.split_once('=')? {
            ("", "*") => ty.alias = Some(Shape::Any(find(&ty.name, names)?.0)),
            ("", word) => ty.alias = Some(shape(word, names)?),
            ("g", kind) => {
                let (group, rest) = kind.split_once('/')?;
                let (version, kind) = rest.split_once('/')?;
                ty.gvk = Some(GroupVersionKind::new(group, version, kind));
            }
            ("m", kind) => ty.map = Some(map_kind(kind)?),
            ("u", unions) => ty.unions = Some(Name::Borrowed(unions)),
            _ => return None,
        }
    }
    Some(ty)
}

fn field(line: &'static str, position: usize, names: &Names) -> Option<Field> {
    let mut words = line.split(' ');
    let name = Name::Borrowed(words.next()?);
    let numbers = words.next()?;
    let (outer, number) = numbers.split_once('.').unwrap_or(("0", numbers));
    let shape = shape(words.next()?, names)?;
    let flags = words.next()?;
    let mut rare: Option<Box<Rare>> = None;
    for word in words {
        attribute(word, rare.get_or_insert_default())?;
    }
    Some(Field {
        name,
        shape,
        number: number.parse().ok()?,
        outer_number: outer.parse().ok()?,
        position: position as u16,
        required: flags.contains('r'),
        omit: match (flags.contains('o'), flags.contains('z')) {
            (_, true) => Omit::Zero,
            (true, false) => Omit::Empty,
            (false, false) => Omit::Never,
        },
        pointer: flags.contains('p'),
        rare,
    })
}

fn attribute(word: &'static str, rare: &mut Rare) -> Option<()> {
    let (key, value) = word.split_once('=')?;
    match key {
        "l" => {
            rare.list = match value {
                "atomic" => ListKind::Atomic,
                "set" => ListKind::Set,
                "map" => ListKind::Map,
                _ => return None,
            }
        }
        "k" => rare.list_map_keys = value.split(',').map(Name::Borrowed).collect(),
        "p" => {
            for strategy in value.split(',') {
                match strategy {
                    "merge" => rare.merge = true,
                    "replace" => rare.replace = true,
                    "retainKeys" => rare.retain_keys = true,
                    _ => return None,
                }
            }
        }
        "mk" => rare.merge_key = Some(Name::Borrowed(value)),
        "m" => rare.map = Some(map_kind(value)?),
        "t" => rare.go_type = Some(Name::Borrowed(value)),
        "e" => rare.values = value.split(',').map(spaced).collect(),
        "d" => rare.documented_default = Some(Name::Borrowed(value)),
        _ => return None,
    }
    Some(())
}

fn spaced(word: &'static str) -> Name {
    if word.contains('_') { word.replace('_', " ").into() } else { Name::Borrowed(word) }
}

fn map_kind(word: &str) -> Option<MapKind> {
    match word {
        "atomic" => Some(MapKind::Atomic),
        "granular" => Some(MapKind::Granular),
        _ => None,
    }
}

fn shape(word: &str, names: &Names) -> Option<Shape> {
    if let Some(inner) = word.strip_prefix("[]") {
        return Some(Shape::Array(Box::new(shape(inner, names)?)));
    }
    if let Some(inner) = word.strip_prefix("{}") {
        return Some(Shape::Map(Box::new(shape(inner, names)?)));
    }
    if let Some(name) = word.strip_prefix('@') {
        let (id, is_object) = find(name, names)?;
        return Some(if is_object { Shape::Object(id) } else { Shape::Any(id) });
    }
    Some(match word {
        "s" => Shape::String,
        "i" => Shape::Int32,
        "l" => Shape::Int64,
        "f" => Shape::Float,
        "b" => Shape::Bool,
        "y" => Shape::Bytes,
        "t" => Shape::Time,
        "u" => Shape::MicroTime,
        "q" => Shape::Quantity,
        "x" => Shape::IntOrString,
        "D" => Shape::Duration,
        _ => return None,
    })
}

fn find(name: &str, names: &Names) -> Option<(TypeId, bool)> {
    let place = names.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    let (_, is_object) = names.get(place)?;
    Some((TypeId(place as u32), *is_object))
}
