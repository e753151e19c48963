/** The operator's lists of hosts: what an entry matches. */
import { expect, test } from "bun:test";
import { createHostList, isHostEntry, isNetworkEntry, parseIpAddress } from "../src/host-list.ts";

test.each([
  ["nas.home", ["nas.home", "NAS.Home", "nas.home."], ["home", "x.nas.home", "nas.home.evil.example"]],
  ["NAS.home.", ["nas.home", "nas.home."], ["nas"]],
  ["xn--bcher-kva.example", ["bücher.example", "BÜCHER.example."], ["bucher.example"]],
  ["10.9.8.7", ["10.9.8.7", "::ffff:10.9.8.7", "[::ffff:10.9.8.7]"], ["10.9.8.70", "10.9.8"]],
  ["192.168.1.0/24", ["192.168.1.0", "192.168.1.255"], ["192.168.2.1", "192.168.1", "nas.home", "::1"]],
  ["0.0.0.0/0", ["8.8.8.8"], ["2001:db8::1"]],
  ["fd00::/8", ["fd00::5", "[fd12::1]", "FD00:0:0::5"], ["fe80::1", "fd00::5%eth0", "10.0.0.1"]],
  ["::ffff:10.0.0.0/104", ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.1"]],
])("The entry %s matches %j and not %j", (entry, matching, others) => {
  expect(isHostEntry(entry)).toBe(true);
  const list = createHostList(["other.example", entry]);
  expect(matching.filter((host) => !list.hasHost(host))).toEqual([]);
  expect(others.filter((host) => list.hasHost(host))).toEqual([]);
});

test.each([
  ["127.0.0.1", true],
  ["10.0.0.0/8", true],
  ["::1", true],
  ["fdaa::/16", true],
  ["nas.home", false],
  ["10.0.0.0/8/8", false],
  ["10.0.0.0/", false],
  ["/8", false],
  ["", false],
])("%j is an address or a CIDR: %p", (entry, expected) => {
  expect(isNetworkEntry(entry)).toBe(expected);
});

test("Addresses match by value, IPv4-mapped ones as IPv4, and an empty list matches nothing", () => {
  const list = createHostList(["10.0.0.0/8", "fd00::/8"]);
  const matches = ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "11.0.0.1", "fe80::1"].map((text) => {
    const address = parseIpAddress(text);
    return address && list.hasAddress(address);
  });
  expect(matches).toEqual([true, true, true, false, false]);
  expect(createHostList([]).hasHost("10.1.2.3")).toBe(false);
  expect(
    [createHostList([]), createHostList(["nas.home"]), list].map(({ hasNetworks }) => hasNetworks),
  ).toEqual([...[false, false, true]]);
});
