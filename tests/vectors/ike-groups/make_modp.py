# SPDX-License-Identifier: Apache-2.0
"""Makes modp.json and primes.json: Diffie-Hellman answers for groups 14, 15, 16 and 24 with exponents that are SHA-512
of a text, the primes of RFC 3526 worked out from pi by the formulas printed there, and group 24's
numbers (RFC 5114 2.3). Each group also has a case whose public value and one whose shared secret
begins with a zero octet (RFC 7296 2.14). Run it again to check the file: it must not change.

    python3 make_modp.py
"""
import hashlib
import json


def pi_times_power_of_two(bits):
    """floor(2**bits * pi), by Machin's formula with 64 guard bits."""
    one = 1 << (bits + 64)

    def arctan_inverse(x):
        term = total = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return (16 * arctan_inverse(5) - 4 * arctan_inverse(239)) >> 64


def rfc3526(bits, offset):
    return (1 << bits) - (1 << (bits - 64)) - 1 + (
        (pi_times_power_of_two(bits - 130) + offset) << 64)


P24 = int('87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4FAF7DF45'
          '61B2AA3016C3D91134096FAA3BF4296D830E9A7C209E0C6497517ABD5A8A9D306BCF67ED91F9E6725B4758C0'
          '22E0B1EF4275BF7B6C5BFC11D45F9088B941F54EB1E59BB8BC39A0BF12307F5C4FDB70C581B23F76B63ACAE1'
          'CAA6B7902D52526735488A0EF13C6D9A51BFA4AB3AD8347796524D8EF6A167B5A41825D967E144E514056425'
          '1CCACB83E6B486F6B3CA3F7971506026C0B857F689962856DED4010ABD0BE621C3A3960A54E710C375F26375'
          'D7014103A4B54330C198AF126116D2276E11715F693877FAD7EF09CADB094AE91E1A1597', 16)
G24 = int('3FB32C9B73134D0B2E77506660EDBD484CA7B18F21EF205407F4793A1A0BA12510DBC15077BE463FFF4FED4A'
          'AC0BB555BE3A6C1B0C6B47B1BC3773BF7E8C6F62901228F8C28CBB18A55AE31341000A650196F931C77A57F2'
          'DDF463E5E9EC144B777DE62AAAB8A8628AC376D282D6ED3864E67982428EBC831D14348F6F2F9193B5045AF2'
          '767164E1DFC967C1FB3F2E55A4BD1BFFE83B9C80D052B985D182EA0ADB2A3B7313D3FE14C8484B1E052588B9'
          'B7D2BBD2DF016199ECD06E1557CD0915B3353BBB64E0EC377FD028370DF92B52C7891428CDC67EB6184B523D'
          '1DB246C32F63078490F00EF8D647D148D47954515E2327CFEF98C582664B4C0F6CC41659', 16)

GROUPS = [(14, rfc3526(2048, 124476), 2, 40), (15, rfc3526(3072, 1690314), 2, 53),
          (16, rfc3526(4096, 240904), 2, 60), (24, P24, G24, 32)]


def exponent(text, octets):
    return int.from_bytes(hashlib.sha512(text.encode()).digest()[:octets], 'big')


def answer(group, p, g, octets, what, n):
    size = (p.bit_length() + 7) // 8
    x = exponent(f'group {group} {what} initiator', octets)
    y = exponent(f'group {group} {what} responder {n}', octets)
    values = [pow(g, x, p), pow(g, y, p), pow(g, x * y, p)]
    return [v.to_bytes(size, 'big') for v in values], x, y


def record(group, p, g, octets, what, wanted):
    """The first n whose answer is as wanted."""
    n = 0
    while True:
        (public_i, public_r, shared), x, y = answer(group, p, g, octets, what, n)
        if wanted(public_r, shared):
            return {'group': group, 'comment': what, 'priv_i': x.to_bytes(octets, 'big').hex(),
                    'priv_r': y.to_bytes(octets, 'big').hex(), 'pub_i': public_i.hex(),
                    'pub_r': public_r.hex(), 'shared': shared.hex()}
        n += 1


vectors = []
for group in GROUPS:
    vectors.append(record(*group, 'plain', lambda public, shared: True))
    vectors.append(record(*group, 'public value begins with zero',
                          lambda public, shared: public[0] == 0))
    vectors.append(record(*group, 'shared secret begins with zero',
                          lambda public, shared: shared[0] == 0))
with open('modp.json', 'w', encoding='ascii') as f:
    f.write(json.dumps({'note': 'made by make_modp.py', 'vectors': vectors}, indent=1) + '\n')
with open('primes.json', 'w', encoding='ascii') as f:
    primes = {str(group): f'{p:x}' for group, p, g, octets in GROUPS}
    f.write(json.dumps({'note': 'made by make_modp.py', **primes}, indent=1) + '\n')
