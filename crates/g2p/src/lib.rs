//! Finite fields of 2ⁿ elements as the QR reader `rqrr` wants them, in the place of the package `g2p`.
//!
//! That package multiplies and divides by tables of all products and all quotients, 128 KiB of what a browser downloads for a
//! scan. Here stand the powers of the generator and their logarithms, two times 256 bytes at most.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign};

/// A field of 2ⁿ elements.
pub trait GaloisField:
    Add<Output = Self>
    + AddAssign
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Copy
    + PartialEq
    + Eq
{
    /// Nothing.
    const ZERO: Self;
    /// The neutral element of multiplication.
    const ONE: Self;
    /// Its powers are all elements but [`ZERO`](Self::ZERO).
    const GENERATOR: Self;

    /// The power of an element; its 0th power is [`ONE`](Self::ONE).
    fn pow(self, exponent: usize) -> Self;
}

/// The powers of x, and the exponent of each element that is one.
pub struct Tables {
    powers: [u8; 256],
    logarithms: [u8; 256],
    /// How many elements are not zero.
    order: usize,
}

impl Tables {
    /// For polynomials of less than `bits` (2 to 8) terms modulo `modulus`, of which x has to be a generator.
    pub const fn new(bits: u32, modulus: u16) -> Self {
        let order = (1 << bits) - 1;
        let mut tables = Self {
            powers: [0; 256],
            logarithms: [0; 256],
            order,
        };
        let mut value: u16 = 1;
        let mut exponent = 0;
        while exponent < order {
            assert!(exponent == 0 || value != 1, "x generates the field");
            tables.powers[exponent] = value as u8;
            tables.logarithms[value as usize] = exponent as u8;
            value <<= 1;
            if value >> bits == 1 {
                value ^= modulus;
            }
            exponent += 1;
        }
        tables
    }

    fn log(&self, value: u8) -> usize {
        self.logarithms[usize::from(value)].into()
    }

    /// Product of two elements.
    pub fn multiply(&self, a: u8, b: u8) -> u8 {
        match (a, b) {
            (0, _) | (_, 0) => 0,
            _ => self.powers[(self.log(a) + self.log(b)) % self.order],
        }
    }

    /// Quotient of two elements. Panics when the second one is 0.
    pub fn divide(&self, a: u8, b: u8) -> u8 {
        assert_ne!(b, 0, "division by zero");
        match a {
            0 => 0,
            _ => self.powers[(self.log(a) + self.order - self.log(b)) % self.order],
        }
    }

    /// Power of an element.
    pub fn power(&self, a: u8, exponent: usize) -> u8 {
        match (a, exponent) {
            (_, 0) => 1,
            (0, _) => 0,
            _ => self.powers[self.log(a) * (exponent % self.order) % self.order],
        }
    }
}

/// Makes a field: its name, how many bits an element has, and the polynomial modulo which it multiplies.
#[macro_export]
macro_rules! g2p {
    ($name:ident, $bits:literal, modulus: $modulus:literal) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub u8);

        impl $name {
            const TABLES: &'static $crate::Tables = &$crate::Tables::new($bits, $modulus);
        }

        impl ::core::ops::Add for $name {
            type Output = Self;
            // Addition of polynomials over bits.
            #[allow(clippy::suspicious_arithmetic_impl)]
            fn add(self, other: Self) -> Self {
                Self(self.0 ^ other.0)
            }
        }

        impl ::core::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl ::core::ops::Mul for $name {
            type Output = Self;
            fn mul(self, other: Self) -> Self {
                Self(Self::TABLES.multiply(self.0, other.0))
            }
        }

        impl ::core::ops::MulAssign for $name {
            fn mul_assign(&mut self, other: Self) {
                *self = *self * other;
            }
        }

        impl ::core::ops::Div for $name {
            type Output = Self;
            fn div(self, other: Self) -> Self {
                Self(Self::TABLES.divide(self.0, other.0))
            }
        }

        impl $crate::GaloisField for $name {
            const ZERO: Self = Self(0);
            const ONE: Self = Self(1);
            const GENERATOR: Self = Self(2);
            fn pow(self, exponent: usize) -> Self {
                Self(Self::TABLES.power(self.0, exponent))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::GaloisField as _;

    g2p!(GF16, 4, modulus: 0b1_0011);
    g2p!(GF256, 8, modulus: 0b1_0001_1101);

    /// By the definition: polynomials over bits, modulo another one.
    fn product(a: u8, b: u8, bits: u32, modulus: u32) -> u8 {
        let mut sum: u32 = (0..8)
            .filter(|at| b >> at & 1 == 1)
            .map(|at| u32::from(a) << at)
            .fold(0, |sum, one| sum ^ one);
        for at in (bits..16).rev() {
            if sum >> at & 1 == 1 {
                sum ^= modulus << (at - bits);
            }
        }
        sum as u8
    }

    #[test]
    fn products_and_quotients_are_those_of_polynomials() {
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                let c = product(a, b, 8, 0b1_0001_1101);
                assert_eq!(GF256(a) * GF256(b), GF256(c));
                if b != 0 {
                    assert_eq!(GF256(c) / GF256(b), GF256(a));
                }
                if a < 16 && b < 16 {
                    let c = product(a, b, 4, 0b1_0011);
                    assert_eq!(GF16(a) * GF16(b), GF16(c));
                    if b != 0 {
                        assert_eq!(GF16(c) / GF16(b), GF16(a));
                    }
                }
            }
        }
    }

    #[test]
    fn powers_are_repeated_products() {
        for a in 0..=255u8 {
            let mut power = GF256::ONE;
            for exponent in 0..600 {
                assert_eq!(GF256(a).pow(exponent), power, "{a}^{exponent}");
                power *= GF256(a);
            }
        }
        assert_eq!(GF256::GENERATOR.pow(8), GF256(0b0001_1101));
        assert_eq!(GF16::GENERATOR.pow(4) + GF16(3), GF16::ZERO);
    }
}
