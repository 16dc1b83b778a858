use super::portable::Portable;
use super::{Ask, Everywhere, Work, widest};

/// Asks everything about some bytes.
#[derive(Clone, Copy)]
struct Questions<'a, const LEN: usize>(&'a [u8; LEN]);

const RANGES: [(u8, u8); 5] = [(0, 0), (b'0', 9), (0x20, 0x5e), (0x7f, 0xa0), (0, 255)];

impl<const LEN: usize> Work for Questions<'_, LEN> {
    type Output = Vec<u64>;

    fn run<A: Ask>(self, ask: A) -> Vec<u64> {
        let equal = [0, b':', b'U', 0x80, 255].map(|byte| ask.equal(self.0, byte));
        let within = RANGES.map(|(first, more)| ask.within(self.0, first, more));
        let or = RANGES.map(|(first, more)| ask.within_or(self.0, first, more, [b'"', b'U']));
        [equal, within, or].concat()
    }
}

fn expected<const LEN: usize>(bytes: &[u8; LEN]) -> Vec<u64> {
    let bits = |is: &dyn Fn(u8) -> bool| -> u64 {
        bytes.iter().enumerate().map(|(at, &byte)| u64::from(is(byte)) << at).sum()
    };
    let is_within = |byte: u8, (first, more): (u8, u8)| {
        let range = u16::from(first)..=u16::from(first) + u16::from(more);
        range.contains(&u16::from(byte)) || range.contains(&(u16::from(byte) + 256))
    };
    let equal = [0, b':', b'U', 0x80, 255].map(|byte| bits(&|it| it == byte));
    let within = RANGES.map(|range| bits(&|it| is_within(it, range)));
    let or = RANGES.map(|range| bits(&|it| is_within(it, range) || it == b'"' || it == b'U'));
    [equal, within, or].concat()
}

fn each_byte_at_each_place<const LEN: usize>() {
    for byte in 0..=255u8 {
        for at in 0..LEN {
            let mut bytes = [b'U'; LEN];
            bytes[at] = byte;
            let questions = Questions(&bytes);
            let expected = expected(&bytes);
            assert_eq!(questions.run(Portable), expected);
            assert_eq!(questions.run(Everywhere), expected);
            assert_eq!(widest(questions), expected);
        }
    }
}

#[test]
fn each_byte_is_asked_at_each_place_however_that_is_done() {
    each_byte_at_each_place::<32>();
    each_byte_at_each_place::<64>();
}
