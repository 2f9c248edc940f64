#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the keys, certificates and revocation lists of this folder anew, with the openssl program (3.0 or
later). Each run makes other keys, so what depends on single octets is not tested with them.

    tests/vectors/x509/make.py"""
import json
import os
import shutil
import subprocess
import tempfile

OUT = os.path.dirname(os.path.abspath(__file__))
YEARS = ('20240101000000Z', '20340101000000Z')
CA = 'basicConstraints=critical,CA:true{}\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
CONFIG = '''[ca]
default_ca = this
[this]
database = {work}/{issuer}.db
serial = {work}/serial
crlnumber = {work}/crlnumber
new_certs_dir = {work}
default_md = {md}
policy = any
unique_subject = no
[any]
C = optional
O = optional
CN = optional
emailAddress = optional
[ext]
{ext}
[req]
distinguished_name = dn
[dn]
'''


def openssl(*args, stdin=None):
    subprocess.run(['openssl', *args], check=True, input=stdin, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Maker:
    def __init__(self, work):
        self.work = work
        for name in ('serial', 'crlnumber'):
            with open(self.at(name), 'w', encoding='ascii') as f:
                f.write('1000\n')

    def at(self, name):
        return os.path.join(self.work, name)

    def key(self, name, kind='P-256'):
        args = ['-algorithm', 'RSA', '-pkeyopt', f'rsa_keygen_bits:{kind}'] if kind.isdigit() else \
            ['-algorithm', kind] if kind.startswith('ED') else \
            ['-algorithm', 'EC', '-pkeyopt', f'ec_paramgen_curve:{kind}']
        openssl('genpkey', *args, '-out', self.at(f'{name}.key'))

    def config(self, issuer, ext, md='sha256'):
        path = self.at('config')
        database = self.at(f'{issuer}.db')
        if not os.path.exists(database):
            open(database, 'w', encoding='ascii').close()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(CONFIG.format(work=self.work, issuer=issuer, ext=ext, md=md))
        return path

    def cert(self, name, subject, issuer=None, ext='', **more):
        """A certificate of the key `key` (of that name if not said), written as DER."""
        key = more.get('key', name)
        if not os.path.exists(self.at(f'{key}.key')):
            self.key(key, more.get('kind', 'P-256'))
        signer = issuer or name
        config = self.config(signer, ext, more.get('md', 'sha256'))
        openssl('req', '-new', '-config', config, '-key', self.at(f'{key}.key'), '-subj', subject, '-out',
                self.at('csr'))
        start, end = more.get('years', YEARS)
        args = ['ca', '-batch', '-notext', '-config', config, '-in', self.at('csr'), '-out',
                self.at(f'{name}.pem'), '-startdate', start, '-enddate', end, '-preserveDN', '-keyfile',
                self.at(f'{more.get("with_key", signer)}.key')]
        args += ['-selfsign'] if issuer is None else ['-cert', self.at(f'{issuer}.pem')]
        args += ['-extensions', 'ext'] if ext else []
        openssl(*args, *more.get('sigopt', []))
        openssl('x509', '-in', self.at(f'{name}.pem'), '-outform', 'DER', '-out',
                os.path.join(OUT, f'{name}.der'))

    def crl(self, name, issuer, revoked, years=('20250101000000Z', '20270101000000Z'), **more):
        config = self.config(issuer, '', more.get('md', 'sha256'))
        ca = ['ca', '-config', config, '-cert', self.at(f'{issuer}.pem'), '-keyfile',
              self.at(f'{issuer}.key')]
        for cert in revoked:
            openssl(*ca, '-revoke', self.at(f'{cert}.pem'), '-crl_reason', 'keyCompromise')
        openssl(*ca, '-gencrl', '-crl_lastupdate', years[0], '-crl_nextupdate', years[1], '-out',
                self.at('crl'), *more.get('sigopt', []))
        openssl('crl', '-in', self.at('crl'), '-outform', 'DER', '-out', os.path.join(OUT, f'{name}.der'))


def authorities(m):
    m.cert('root', '/C=DE/O=Example/CN=Root', ext=CA.format(''))
    m.cert('root2', '/C=DE/O=Example/CN=Root 2', ext=CA.format(''))
    m.cert('root-renewed', '/C=DE/O=Example/CN=Root', key='root', with_key='root', ext=CA.format(''),
           years=('20330101000000Z', '20430101000000Z'))
    m.cert('root-rsa', '/C=DE/O=Example/CN=Root RSA', kind='2048', ext=CA.format(''))
    m.cert('root-rsa2', '/C=DE/O=Example/CN=Root RSA 2', kind='2048', ext=CA.format(''))
    m.cert('ca-rsa', '/C=DE/O=Example/CN=CA RSA', 'root-rsa2', kind='2048', ext=CA.format(',pathlen:0'))
    m.cert('root-1024', '/C=DE/O=Example/CN=Root 1024', kind='1024', ext=CA.format(''))
    m.cert('ca', '/C=DE/O=Example/CN=CA', 'root', ext=CA.format(',pathlen:0'))
    m.cert('ca-expired', '/C=DE/O=Example/CN=CA', 'root', key='ca', ext=CA.format(',pathlen:0'),
           years=('20200101000000Z', '20220101000000Z'))
    m.cert('ca-cross', '/C=DE/O=Example/CN=CA', 'root2', key='ca', ext=CA.format(',pathlen:0'))
    m.cert('ca-twin', '/C=DE/O=Example/CN=CA', 'root2', ext=CA.format(''))
    m.cert('ca-below', '/C=DE/O=Example/CN=CA below', 'ca', ext=CA.format(''))
    m.cert('ca-a', '/C=DE/O=Example/CN=CA A', 'root', ext=CA.format(''))
    m.cert('ca-b', '/C=DE/O=Example/CN=CA B', 'ca-a', ext=CA.format(''))
    m.cert('ca-no-sign', '/C=DE/O=Example/CN=CA no sign', 'root',
           ext='basicConstraints=critical,CA:true\nkeyUsage=critical,digitalSignature\n')
    names = 'nameConstraints={}excluded;DNS:example.org\n'
    m.cert('ca-names', '/C=DE/O=Example/CN=CA names', 'root', ext=CA.format('') + names.format('critical,'))
    m.cert('ca-names-soft', '/C=DE/O=Example/CN=CA names soft', 'root', ext=CA.format('') + names.format(''))


SAN = 'subjectAltName=DNS:gw.example.org,email:admin@Example.org,IP:192.0.2.1,IP:2001:db8::1\n'
SIGN = 'keyUsage=critical,digitalSignature\n'


def leaves(m):
    leaf = lambda name, issuer='ca', ext=SAN, **more: m.cert(
        name, f'/C=DE/O=Example/CN={name}', issuer, ext=ext, **more)
    leaf('gw', ext=SAN + SIGN + 'extendedKeyUsage=1.3.6.1.5.5.7.3.17\n')
    leaf('gw-plain', 'root')
    leaf('gw-deep', 'ca-b')
    leaf('gw-below', 'ca-below')
    leaf('gw-no-san', ext='basicConstraints=CA:false\n')
    leaf('gw-non-repudiation', ext=SAN + 'keyUsage=critical,nonRepudiation\n')
    leaf('gw-encipherment', ext=SAN + 'keyUsage=critical,keyEncipherment\n')
    leaf('gw-tls', ext=SAN + SIGN + 'extendedKeyUsage=serverAuth\n')
    leaf('gw-intermediate', ext=SAN + SIGN + 'extendedKeyUsage=1.3.6.1.5.5.8.2.2\n')
    leaf('gw-any-usage', ext=SAN + SIGN + 'extendedKeyUsage=codeSigning,anyExtendedKeyUsage\n')
    leaf('gw-code', ext=SAN + SIGN + 'extendedKeyUsage=codeSigning\n')
    leaf('gw-expired', years=('20240101000000Z', '20250101000000Z'))
    leaf('gw-future', years=('20290101000000Z', '20310101000000Z'))
    leaf('gw-revoked')
    leaf('gw-rsa', 'root-rsa', kind='2048')
    leaf('gw-pss', 'root-rsa', key='gw-rsa',
         sigopt=['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'])
    leaf('gw-rsa-deep', 'ca-rsa', key='gw-rsa')
    leaf('gw-sha1', 'root-rsa', key='gw-rsa', md='sha1')
    leaf('gw-md5', 'root-rsa', key='gw-rsa', md='md5')
    leaf('gw-1024', kind='1024')
    leaf('gw-by-1024', 'root-1024')
    leaf('gw-secp256k1', kind='secp256k1')
    leaf('gw-ed25519', kind='ED25519')
    leaf('gw-p384', kind='P-384')
    leaf('gw-p521', kind='P-521')
    leaf('gw-by-leaf', 'gw')
    leaf('gw-by-no-sign', 'ca-no-sign')
    leaf('gw-names', 'ca-names')
    leaf('gw-names-soft', 'ca-names-soft')
    leaf('gw-by-twin', 'ca-twin')
    leaf('gw-wildcard', ext='subjectAltName=DNS:*.example.org\n')
    # "gw.example.org", a zero octet, ".evil"
    leaf('gw-zero', ext='subjectAltName=DER:30:16:82:14:' + ':'.join(
        f'{c:02x}' for c in b'gw.example.org\0.evil') + '\n')
    leaf('gw-critical', ext=SAN + '1.3.6.1.4.1.55555.1=critical,DER:05:00\n')
    m.cert('gw-self', '/CN=gw-self', ext=SAN + 'basicConstraints=CA:false\n')
    m.cert('gw-no-subject', '/', 'ca', ext='subjectAltName=critical,DNS:gw.example.org\n')


def lists(m):
    m.crl('crl-none', 'ca', [])
    m.crl('crl-root', 'root', [])
    m.crl('crl-ca', 'ca', ['gw-revoked'])
    m.crl('crl-old', 'ca', [], ('20240101000000Z', '20250101000000Z'))
    m.crl('crl-future', 'ca', [], ('20290101000000Z', '20310101000000Z'))
    m.crl('crl-forged', 'ca-twin', [])
    m.crl('crl-root-revokes', 'root', ['ca'])
    m.crl('crl-sha1', 'ca', [], md='sha1')
    pss = lambda salt: ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', f'rsa_pss_saltlen:{salt}']
    m.crl('crl-rsa', 'root-rsa', ['gw-pss'])
    m.crl('crl-pss', 'root-rsa', [], sigopt=pss(32))
    m.crl('crl-pss-384', 'root-rsa', [], md='sha384', sigopt=pss(48))
    m.crl('crl-pss-salt', 'root-rsa', [], sigopt=pss(20))


def keys(m):
    for name in ('gw', 'gw-rsa', 'gw-p384', 'gw-p521', 'gw-secp256k1', 'gw-1024', 'gw-self', 'gw-ed25519'):
        shutil.copy(m.at(f'{name}.key'), os.path.join(OUT, f'{name}.key.pem'))
    m.key('rsa-4096', '4096')
    shutil.copy(m.at('rsa-4096.key'), os.path.join(OUT, 'rsa-4096.key.pem'))
    gw = m.at('gw.key')
    rsa = m.at('gw-rsa.key')
    out = lambda name: os.path.join(OUT, name)
    openssl('ec', '-in', gw, '-outform', 'DER', '-out', out('gw.sec1.der'))
    openssl('pkcs8', '-topk8', '-nocrypt', '-in', gw, '-outform', 'DER', '-out', out('gw.pkcs8.der'))
    openssl('rsa', '-traditional', '-in', rsa, '-outform', 'DER', '-out', out('gw-rsa.pkcs1.der'))
    openssl('rsa', '-traditional', '-aes128', '-passout', 'pass:open', '-in', rsa, '-out',
            out('gw-rsa.aes128.pem'))
    openssl('pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES', '-passout', 'pass:open', '-in', gw, '-out',
            out('gw.3des.pem'))
    openssl('pkcs8', '-topk8', '-passout', 'pass:open', '-in', gw, '-out', out('gw.aes256.pem'))


MESSAGE = b'what was signed'
PSS = ('rsa_padding_mode:pss',)


def rows():
    """(key, how the test reads it, digest, options of openssl, valid)"""
    for bits in ('256', '384', '512'):
        yield 'gw-rsa', f'rsa-sha{bits}', f'sha{bits}', (), True
        yield 'gw-rsa', f'rsa-pss-sha{bits}', f'sha{bits}', (*PSS, 'rsa_pss_saltlen:digest'), True
        yield 'gw-rsa', f'rsa-pss-sha{bits}', f'sha{bits}', (*PSS, 'rsa_pss_saltlen:max'), False
        yield 'gw-rsa', f'rsa-pss-sha{bits}', f'sha{bits}', (*PSS, 'rsa_pss_saltlen:0'), False
        yield 'gw-rsa', f'rsa-pss-sha{bits}', f'sha{bits}', (
            *PSS, 'rsa_pss_saltlen:digest', 'rsa_mgf1_md:sha1'), False
        yield 'rsa-4096', f'rsa-pss-sha{bits}', f'sha{bits}', (*PSS, 'rsa_pss_saltlen:digest'), True
        for key in ('gw', 'gw-p384', 'gw-p521'):
            yield key, f'ecdsa-sha{bits}', f'sha{bits}', (), True
    yield 'gw-rsa', 'rsa-sha1', 'sha1', (), True
    yield 'gw-1024', 'rsa-sha256', 'sha256', (), False
    yield 'gw-secp256k1', 'ecdsa-sha256', 'sha256', (), False


def signatures(m):
    out = []
    for name, how, digest, options, valid in rows():
        key = m.at(f'{name}.key')
        args = [arg for option in options for arg in ('-sigopt', option)]
        made = subprocess.run(['openssl', 'dgst', f'-{digest}', '-sign', key, *args], check=True,
                              input=MESSAGE, capture_output=True).stdout
        public = subprocess.run(['openssl', 'pkey', '-in', key, '-pubout', '-outform', 'DER'], check=True,
                                capture_output=True).stdout
        out.append({'key': name, 'how': how, 'options': ' '.join(options), 'valid': valid,
                    'message': MESSAGE.hex(), 'public': public.hex(), 'signature': made.hex()})
    with open(os.path.join(OUT, 'signatures.json'), 'w', encoding='ascii') as f:
        json.dump({'note': 'made by make.py', 'signatures': out}, f, indent=1)
        f.write('\n')


def chain(file, names):
    """PEM, with words between the blocks as openssl x509 -text has them."""
    with open(os.path.join(OUT, file), 'w', encoding='ascii') as f:
        for name in names:
            f.write(f'Certificate: {name}\n')
            f.write(subprocess.run(['openssl', 'x509', '-inform', 'DER', '-in',
                                    os.path.join(OUT, f'{name}.der')], check=True,
                                   capture_output=True, text=True).stdout)


def main():
    for name in os.listdir(OUT):
        if name.endswith(('.der', '.pem')):
            os.remove(os.path.join(OUT, name))
    with tempfile.TemporaryDirectory() as work:
        m = Maker(work)
        authorities(m)
        leaves(m)
        keys(m)
        signatures(m)
        lists(m)
    chain('gw.chain.pem', ('gw', 'ca'))
    chain('gw.root.pem', ('gw', 'ca', 'root'))


main()
