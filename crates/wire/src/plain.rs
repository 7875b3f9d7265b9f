//! Encodings of plain values, and of structs that are the sequence of their fields.

use crate::{DecodeError, Reader, Wire, Writer};

/// Encodes a struct as its fields in the order given, which `spec/wire.grammar` repeats.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::Wire for $name {
            fn write(&self, out: &mut $crate::Writer) {
                $($crate::Wire::write(&self.$field, out);)+
            }

            fn read(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $(let $field = $crate::Wire::read(input)?;)+
                Ok(Self { $($field),+ })
            }
        }
    };
}
pub(crate) use wire_struct;

/// Encodes a one-field wrapper as its field.
macro_rules! wire_wrapper {
    ($($name:ident),+ $(,)?) => {
        $(impl $crate::Wire for $name {
            fn write(&self, out: &mut $crate::Writer) {
                $crate::Wire::write(&self.0, out);
            }

            fn read(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $crate::Wire::read(input).map(Self)
            }
        })+
    };
}
pub(crate) use wire_wrapper;

macro_rules! wire_primitive {
    ($($name:ident),+) => {
        $(impl Wire for $name {
            fn write(&self, out: &mut Writer) {
                out.$name(*self);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                input.$name()
            }
        })+
    };
}
wire_primitive!(u8, u16, u32, u64, bool);

impl<const N: usize> Wire for [u8; N] {
    fn write(&self, out: &mut Writer) {
        out.bytes(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Writer) {
        out.bool(self.is_some());
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if input.bool()? { T::read(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn write(&self, out: &mut Writer) {
        T::write(self, out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::read(input).map(Box::new)
    }
}

/// Whether each value is above the one before it.
pub(crate) fn rises_strictly<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}
