package io.zygotes.sandbox.sock.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.sandbox.sock.network.CompiledRules.Span;
import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Addresses;
import io.zygotes.spi.NetworkRule.Host;
import io.zygotes.spi.NetworkRule.Target;
import io.zygotes.spi.NetworkRule.Transport;
import io.zygotes.spi.NetworkRule.Word;
import io.zygotes.spi.NetworkRules;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompiledRulesTest {

    private static final Span ALL = new Span(0, 65_535, FilterMaps.TCP | FilterMaps.UDP);
    private static final Surroundings NOW = new Surroundings(
            Set.of(address("9.9.9.9"), address("2600::9")),
            Set.of(address("10.0.0.53")),
            Map.of("db.test", Set.of(address("10.1.1.1"), address("fd00::1"))));

    private static InetAddress address(String text) {
        return InetAddress.ofLiteral(text);
    }

    private static NetworkRule rule(Target target, int first, int last, Transport transport) {
        return new NetworkRule(target, first, last, transport);
    }

    private static NetworkRule range(String text) {
        return NetworkRule.all(new Addresses(IpRange.parse(text)));
    }

    private static NetworkRules rules(List<NetworkRule> allow, List<NetworkRule> deny) {
        return NetworkRules.EVERYTHING.and(new NetworkRules.Layer(allow, deny));
    }

    private static List<Span> spans(NetworkRules rules, String address) {
        return CompiledRules.of(rules, NOW).of(address(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.0", "2600::1"})
    void theInternetIsAllowed(String address) {
        assertEquals(List.of(ALL), spans(rules(List.of(NetworkRule.all(Word.INTERNET)), List.of()), address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "10.255.0.1",
                "100.64.0.1",
                "127.0.0.1",
                "169.254.169.254",
                "172.31.255.255",
                "192.168.1.1",
                "198.19.0.1",
                "224.0.0.251",
                "255.255.255.255",
                "9.9.9.9",
                "::1",
                "fe80::1",
                "fd00::1",
                "fd00:ec2::254",
                "ff02::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "2600::9",
                "64:ff9b:1::1"
            })
    void whatIsNotTheInternetIsNot(String address) {
        assertEquals(List.of(), spans(rules(List.of(NetworkRule.all(Word.INTERNET)), List.of()), address));
    }

    @Test
    void aRuleOfAllOfIp6SaysNothingOfIp4() {
        NetworkRules rules = rules(List.of(range("::/0")), List.of());
        assertEquals(List.of(ALL), spans(rules, "fd00::1"));
        assertEquals(List.of(), spans(rules, "10.0.0.1"));
        // Where IPv4 stands among the ranges of IPv6 there has to be one of its own.
        assertEquals(List.of(), CompiledRules.of(rules, NOW).ranges().get(IpRange.parse("0.0.0.0/0")));
    }

    @Test
    void aNameIsAllItsAddressesAndAResolverItsPort() {
        NetworkRules rules = rules(
                List.of(rule(new Host("db.test"), 5432, 5432, Transport.TCP), NetworkRule.all(Word.RESOLVERS)),
                List.of());
        List<Span> database = List.of(new Span(5432, 5432, FilterMaps.TCP));
        assertEquals(database, spans(rules, "10.1.1.1"));
        assertEquals(database, spans(rules, "fd00::1"));
        assertEquals(List.of(new Span(53, 53, FilterMaps.TCP | FilterMaps.UDP)), spans(rules, "10.0.0.53"));
        assertEquals(List.of(), spans(rules(List.of(NetworkRule.all(new Host("other.test"))), List.of()), "10.1.1.1"));
    }

    @Test
    void portsThatTouchAreOneRange() {
        Target all = Word.HOST;
        NetworkRules rules = rules(
                List.of(
                        rule(all, 80, 89, Transport.ANY),
                        rule(all, 90, 99, Transport.ANY),
                        rule(all, 85, 200, Transport.TCP)),
                List.of(rule(all, 150, 150, Transport.ANY)));
        assertEquals(
                List.of(
                        new Span(80, 99, FilterMaps.TCP | FilterMaps.UDP),
                        new Span(100, 149, FilterMaps.TCP),
                        new Span(151, 200, FilterMaps.TCP)),
                spans(rules, "10.0.0.1"));
    }

    @Test
    void moreSeparatePortsThanThereIsRoomForAreRefused() {
        List<NetworkRule> many = new ArrayList<>();
        for (int port = 0; port < 40; port += 2) {
            many.add(rule(Word.HOST, port, port, Transport.ANY));
        }
        assertEquals(FilterMaps.SPANS, spans(rules(many, List.of()), "10.0.0.1").size());
    }

    /** What the compiled form says has to be what the rules say, read one by one. */
    @Test
    void anyRulesMeanTheSameCompiledAsReadOneByOne() {
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            NetworkRules rules = NetworkRules.EVERYTHING;
            for (int layer = 0; layer <= random.nextInt(2); layer++) {
                rules = rules.and(new NetworkRules.Layer(some(random), some(random)));
            }
            CompiledRules compiled = CompiledRules.of(rules, NOW);
            for (int i = 0; i < 30; i++) {
                InetAddress address =
                        address("10." + random.nextInt(2) + "." + random.nextInt(2) + "." + random.nextInt(4));
                int port = random.nextInt(6);
                boolean said = compiled.of(address).stream()
                        .anyMatch(span -> span.first() <= port && port <= span.last() && (span.transports() & 1) != 0);
                boolean meant = rules.layers().stream()
                        .allMatch(layer -> layer.allow().stream().anyMatch(rule -> matches(rule, address, port))
                                && layer.deny().stream().noneMatch(rule -> matches(rule, address, port)));
                assertEquals(meant, said, rules + " for " + address + ":" + port);
            }
        }
    }

    private static boolean matches(NetworkRule rule, InetAddress address, int port) {
        return rule.firstPort() <= port
                && port <= rule.lastPort()
                && rule.transport() != Transport.UDP
                && ((Addresses) rule.target()).range().contains(IpRange.of(address));
    }

    private static List<NetworkRule> some(Random random) {
        List<NetworkRule> rules = new ArrayList<>();
        for (int i = 0; i < random.nextInt(5); i++) {
            int length = List.of(0, 8, 15, 16, 24, 30, 32).get(random.nextInt(7));
            int bits = (10 << 24 | random.nextInt(2) << 16 | random.nextInt(2) << 8 | random.nextInt(4))
                    & (length == 0 ? 0 : -1 << (32 - length));
            String text =
                    "%d.%d.%d.%d/%d".formatted(bits >>> 24, bits >>> 16 & 255, bits >>> 8 & 255, bits & 255, length);
            int first = random.nextInt(4);
            Transport transport = Transport.values()[random.nextInt(3)];
            rules.add(rule(new Addresses(IpRange.parse(text)), first, first + random.nextInt(3), transport));
        }
        return rules;
    }
}
