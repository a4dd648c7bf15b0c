//! Functions and arithmetic of the check language. All are pure.

use jiff::{SignedDuration, tz::TimeZone};

use super::eval::{BYTES_A_STEP, Evaluator, Result, no_overload};
use super::expr::{Expr, Function, Operator};
use super::value::{Doubt, Stop, Tri, Val};

impl<'a> Evaluator<'a> {
    pub(super) fn call(&mut self, function: Function, arguments: &'a [Expr]) -> Result<Tri<'a>> {
        let mut values = Vec::with_capacity(arguments.len());
        let mut doubt = Doubt::default();
        for argument in arguments {
            match self.eval(argument)? {
                Tri::Known(value) => values.push(value),
                Tri::Unknown(why) => doubt.add(&why),
            }
        }
        if let Some(why) = doubt.take() {
            return Ok(Tri::Unknown(why));
        }
        match (function, &values[..]) {
            (Function::Days, [Val::Int(days)]) => duration(
                days.checked_mul(24)
                    .and_then(|hours| hours.checked_mul(3_600))
                    .map(SignedDuration::from_secs),
            ),
            (Function::UtcDate, [Val::Time(time)]) => {
                Ok(Tri::Known(Val::Date(time.to_zoned(TimeZone::UTC).date())))
            }
            (Function::SameSite, [Val::Text(left), Val::Text(right)]) => {
                self.charge((left.len() + right.len()) / BYTES_A_STEP)?;
                Ok(Tri::of_bool(same_site(left, right)))
            }
            (Function::StartsWith, [Val::Text(text), Val::Text(part)]) => {
                self.charge(part.len() / BYTES_A_STEP)?;
                Ok(Tri::of_bool(text.starts_with(&**part)))
            }
            (Function::EndsWith, [Val::Text(text), Val::Text(part)]) => {
                self.charge(part.len() / BYTES_A_STEP)?;
                Ok(Tri::of_bool(text.ends_with(&**part)))
            }
            (Function::Contains, [Val::Text(text), Val::Text(part)]) => {
                self.charge((text.len() + part.len()) / BYTES_A_STEP)?;
                Ok(Tri::of_bool(text.contains(&**part)))
            }
            (Function::Size, [value]) => self.size(value),
            _ => Err(Stop::error(format!(
                "{} does not take {}",
                function.name(),
                values.iter().map(Val::kind).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    pub(super) fn size(&mut self, value: &Val<'a>) -> Result<Tri<'a>> {
        if let Some(items) = value.items() {
            return match items.open() {
                Some(why) => Ok(Tri::Unknown(why)),
                None => int(i64::try_from(items.len()).ok()),
            };
        }
        match value {
            Val::Text(text) => {
                self.charge(text.len() / BYTES_A_STEP)?;
                int(i64::try_from(text.chars().count()).ok())
            }
            _ => match value.map() {
                Some(map) => int(i64::try_from(map.len()).ok()),
                None => Err(no_overload("size", value, None)),
            },
        }
    }
}

pub(super) fn arithmetic<'a>(
    operator: Operator,
    left: &Val<'a>,
    right: &Val<'a>,
) -> Result<Tri<'a>> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    match (operator, left, right) {
        (Add, Val::Int(l), Val::Int(r)) => int(l.checked_add(*r)),
        (Subtract, Val::Int(l), Val::Int(r)) => int(l.checked_sub(*r)),
        (Multiply, Val::Int(l), Val::Int(r)) => int(l.checked_mul(*r)),
        (Divide | Remainder, Val::Int(_), Val::Int(0)) => Err(Stop::error("division by zero")),
        (Divide, Val::Int(l), Val::Int(r)) => int(l.checked_div(*r)),
        (Remainder, Val::Int(l), Val::Int(r)) => int(l.checked_rem(*r)),
        (Add, Val::Duration(l), Val::Duration(r)) => duration(l.checked_add(*r)),
        (Subtract, Val::Duration(l), Val::Duration(r)) => duration(l.checked_sub(*r)),
        (Subtract, Val::Time(l), Val::Time(r)) => duration(Some(l.duration_since(*r))),
        (Subtract, Val::Date(l), Val::Date(r)) => duration(Some(l.duration_since(*r))),
        (Add, Val::Time(time), Val::Duration(d)) | (Add, Val::Duration(d), Val::Time(time)) => {
            in_range(time.checked_add(*d).ok().map(Val::Time))
        }
        (Subtract, Val::Time(time), Val::Duration(d)) => {
            in_range(time.checked_sub(*d).ok().map(Val::Time))
        }
        (Add, Val::Date(date), Val::Duration(d)) | (Add, Val::Duration(d), Val::Date(date)) => {
            in_range(date.checked_add(*d).ok().map(Val::Date))
        }
        (Subtract, Val::Date(date), Val::Duration(d)) => {
            in_range(date.checked_sub(*d).ok().map(Val::Date))
        }
        _ => Err(no_overload(operator.symbol(), left, Some(right))),
    }
}

pub(super) fn int<'a>(value: Option<i64>) -> Result<Tri<'a>> {
    in_range(value.map(Val::Int))
}

pub(super) fn duration<'a>(value: Option<SignedDuration>) -> Result<Tri<'a>> {
    in_range(value.map(Val::Duration))
}

fn in_range(value: Option<Val<'_>>) -> Result<Tri<'_>> {
    value
        .map(Tri::Known)
        .ok_or_else(|| Stop::error("a number or time is out of range"))
}

/// Whether two hosts belong to the same site: the same registrable domain, or
/// the same host where there is none (an address, a public suffix).
fn same_site(left: &str, right: &str) -> bool {
    let normal = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
    let (left, right) = (normal(left), normal(right));
    if left == right {
        return true;
    }
    if [&left, &right].iter().any(|host| is_address(host)) {
        return false;
    }
    match (psl::domain_str(&left), psl::domain_str(&right)) {
        (Some(l), Some(r)) => l == r,
        _ => false,
    }
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>()
        .is_ok()
}
