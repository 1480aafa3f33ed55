//! Which vector instructions a loop is compiled for: the one place where kernels are dispatched.
//!
//! A kernel is plain scalar Rust without branches, declared once with [`kernel!`](crate::kernel). It
//! is compiled three times; LLVM vectorises each copy to the width its instructions allow, and the
//! copy is chosen when it is called. AVX2 and AVX-512 hold the same bits, as every lane does the
//! same IEEE operations in the same order. The baseline of x86-64 has no fused multiply-add, so there
//! products are rounded before they are added and last bits differ; on processors whose baseline has
//! it (aarch64) they do not.

use std::fmt;

/// Vector instructions that this processor is known to have.
///
/// A value exists only where the processor has the instructions, so holding one is the proof that a
/// kernel compiled for them may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstructionSet(Level);

#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// What the program as a whole was compiled for; every processor that runs it has it.
    pub const BASELINE: Self = Self(Level::Baseline);

    /// Whether the baseline fuses products and sums.
    pub const BASELINE_FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

    /// AVX2 with fused multiply-add, if this processor has them.
    #[must_use]
    pub fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Some(Self(Level::Avx2));
        }
        None
    }

    /// AVX-512 (F, DQ, BW, VL), if this processor has it.
    #[must_use]
    pub fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && Self::avx2().is_some()
        {
            return Some(Self(Level::Avx512));
        }
        None
    }

    /// The widest that this processor has.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::BASELINE)
    }

    /// Every one that this processor has, narrowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        [Some(Self::BASELINE), Self::avx2(), Self::avx512()].into_iter().flatten()
    }

    #[doc(hidden)]
    #[inline]
    pub fn level(self) -> Level {
        self.0
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Level::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2+FMA",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "AVX-512",
        })
    }
}

/// Declares a function that runs a formula as compiled for an [`InstructionSet`], its first argument.
///
/// The formula is an `#[inline(always)]` function whose first const parameter `FMA: bool` says
/// whether products and sums are fused; further const parameters are passed on.
///
/// ```
/// use plimsoll_math::{kernel, lane, InstructionSet};
///
/// kernel! {
///     /// `e^x` of every element.
///     pub fn exp_all(values: &mut [f64]) = exp_all_formula;
/// }
///
/// #[inline(always)]
/// fn exp_all_formula<const FMA: bool>(values: &mut [f64]) {
///     values.iter_mut().for_each(|value| *value = lane::exp::<FMA>(*value));
/// }
///
/// let mut values = [0.0; 9];
/// exp_all(InstructionSet::best(), &mut values);
/// assert_eq!(values, [1.0; 9]);
/// ```
#[macro_export]
macro_rules! kernel {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $([$(const $constant:ident: $kind:ty),+])?
            ($($arg:ident: $type:ty),+ $(,)?) = $formula:ident;
    ) => {
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name $(<$(const $constant: $kind),+>)? (
            instructions: $crate::InstructionSet, $($arg: $type),+
        ) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2 $(<$(const $constant: $kind),+>)? ($($arg: $type),+) {
                $formula::<true $($(, $constant)+)?>($($arg),+);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
            fn avx512 $(<$(const $constant: $kind),+>)? ($($arg: $type),+) {
                $formula::<true $($(, $constant)+)?>($($arg),+);
            }
            match instructions.level() {
                // SAFETY: a value of this level is only made where the processor has AVX2 and FMA.
                #[cfg(target_arch = "x86_64")]
                #[allow(unsafe_code)]
                $crate::instructions::Level::Avx2 => unsafe {
                    avx2 $(::<$($constant),+>)? ($($arg),+)
                },
                // SAFETY: a value of this level is only made where the processor has AVX-512 F, DQ,
                // BW and VL, AVX2 and FMA.
                #[cfg(target_arch = "x86_64")]
                #[allow(unsafe_code)]
                $crate::instructions::Level::Avx512 => unsafe {
                    avx512 $(::<$($constant),+>)? ($($arg),+)
                },
                $crate::instructions::Level::Baseline => {
                    $formula::<{ $crate::InstructionSet::BASELINE_FUSES } $($(, $constant)+)?>(
                        $($arg),+
                    );
                }
            }
        }
    };
}
