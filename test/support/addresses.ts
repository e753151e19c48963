/** Spellings of addresses at which no mail server may be reached. */

/** Hosts that mean this machine, its network, or no public address. */
export const privateHosts: readonly string[] = [
  ...[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
  ],
  ...["0", "0.0.0.0", "127.255.255.254", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1"],
  ...["::1", "[::1]", "0:0:0:0:0:0:0:1", "::", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "::127.0.0.1"],
  ...["localhost", "LOCALHOST", "localhost.", "ip6-localhost", "intranet"],
  ...["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1"],
  ...["192.0.2.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ...["fd00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1"],
  ...["64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "5f00::1"],
];

/** Texts that are not a host. */
export const brokenHosts: readonly string[] = [
  ...[
    "",
    " ",
    ".",
    "a..b",
    "-a.example",
    "a-.example",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(130)}example`,
  ],
  ...[
    "mail.example.org:993",
    "user@mail.example.org",
    "mail.example.org/x",
    "mail.example.org?x",
    "a b.example",
  ],
  ...[
    "mail.example.org\r\nx",
    "mail.example.org\0",
    "http://mail.example.org",
    "mail%2eexample.org",
    "[::1",
    "1.2.3",
  ],
];
