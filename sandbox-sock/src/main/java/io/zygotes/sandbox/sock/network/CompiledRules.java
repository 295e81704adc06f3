package io.zygotes.sandbox.sock.network;

import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRules;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Rules as the kernel's side looks them up: for each range that a rule names, the ports that are allowed to those of
 * its addresses which are in no smaller range. So the smallest range that has an address says all about it.
 *
 * @param ranges the ports by range
 */
record CompiledRules(Map<IpRange, List<Span>> ranges) {

    private static final Logger LOG = System.getLogger(CompiledRules.class.getName());
    private static final int DNS = 53;
    /** It keeps addresses of IPv4 from being looked up among the ranges of IPv6, where they stand, too. */
    private static final IpRange ALL_OF_IP4 = IpRange.parse("0.0.0.0/0");

    private static final IpRange ALL_OF_IP6 = IpRange.parse("::/0");

    /**
     * Ports that are allowed.
     *
     * @param first the first one
     * @param last the last one
     * @param transports {@link FilterMaps#TCP}, {@link FilterMaps#UDP} or both
     */
    record Span(int first, int last, int transports) {}

    /** A rule whose words and names are addresses. */
    private record Plain(List<IpRange> within, List<IpRange> without, int first, int last, int transports) {

        boolean covers(IpRange range) {
            return within.stream().anyMatch(all -> all.contains(range))
                    && without.stream().noneMatch(all -> all.contains(range));
        }

        boolean covers(int port, int transport) {
            return first <= port && port <= last && (transports & transport) != 0;
        }
    }

    private record PlainLayer(List<Plain> allow, List<Plain> deny) {

        boolean allows(int port, int transport) {
            return allow.stream().anyMatch(rule -> rule.covers(port, transport))
                    && deny.stream().noneMatch(rule -> rule.covers(port, transport));
        }

        /** What of it is about a range. */
        PlainLayer about(IpRange range) {
            return new PlainLayer(
                    allow.stream().filter(rule -> rule.covers(range)).toList(),
                    deny.stream().filter(rule -> rule.covers(range)).toList());
        }

        List<Plain> all() {
            List<Plain> all = new ArrayList<>(allow);
            all.addAll(deny);
            return all;
        }
    }

    /** Compiles rules for a moment. */
    static CompiledRules of(NetworkRules rules, Surroundings now) {
        List<PlainLayer> layers = rules.layers().stream()
                .map(layer -> new PlainLayer(plain(layer.allow(), now), plain(layer.deny(), now)))
                .toList();
        Set<IpRange> all = new LinkedHashSet<>(List.of(ALL_OF_IP4));
        for (PlainLayer layer : layers) {
            for (Plain rule : layer.all()) {
                all.addAll(rule.within());
                all.addAll(rule.without());
            }
        }
        Map<IpRange, List<Span>> ranges = new LinkedHashMap<>();
        for (IpRange range : all) {
            ranges.put(range, spans(range, layers));
        }
        return new CompiledRules(ranges);
    }

    private static List<Plain> plain(List<NetworkRule> rules, Surroundings now) {
        return rules.stream().map(rule -> plain(rule, now)).toList();
    }

    private static Plain plain(NetworkRule rule, Surroundings now) {
        int transports = switch (rule.transport()) {
            case ANY -> FilterMaps.TCP | FilterMaps.UDP;
            case TCP -> FilterMaps.TCP;
            case UDP -> FilterMaps.UDP;
        };
        List<IpRange> within = switch (rule.target()) {
            case NetworkRule.Addresses addresses -> List.of(addresses.range());
            case NetworkRule.Host host -> single(now.of(host.name()));
            case NetworkRule.Word word ->
                switch (word) {
                    case HOST -> List.of(ALL_OF_IP4, ALL_OF_IP6);
                    case INTERNET -> Internet.WITHIN;
                    case RESOLVERS -> single(now.resolvers());
                };
        };
        List<IpRange> without = new ArrayList<>();
        if (rule.target() == NetworkRule.Word.INTERNET) {
            without.addAll(Internet.WITHOUT);
            without.addAll(single(now.own()));
        }
        boolean dns = rule.target() == NetworkRule.Word.RESOLVERS;
        int first = dns ? Math.max(DNS, rule.firstPort()) : rule.firstPort();
        int last = dns ? Math.min(DNS, rule.lastPort()) : rule.lastPort();
        return new Plain(within, without, first, last, transports);
    }

    private static List<IpRange> single(Collection<InetAddress> addresses) {
        return addresses.stream().map(IpRange::of).toList();
    }

    /** All addresses of a range, less those of smaller ranges, are in the same rules. */
    private static List<Span> spans(IpRange range, List<PlainLayer> layers) {
        List<PlainLayer> about =
                layers.stream().map(layer -> layer.about(range)).toList();
        TreeSet<Integer> cuts = new TreeSet<>(Set.of(0));
        for (PlainLayer layer : about) {
            for (Plain rule : layer.all()) {
                cuts.add(rule.first());
                cuts.add(rule.last() + 1);
            }
        }
        List<Span> spans = new ArrayList<>();
        for (int first : cuts) {
            if (first > NetworkRule.LAST_PORT) {
                break;
            }
            Integer next = cuts.higher(first);
            int last = next == null ? NetworkRule.LAST_PORT : next - 1;
            int transports = allowed(about, first, FilterMaps.TCP) | allowed(about, first, FilterMaps.UDP);
            boolean joins = !spans.isEmpty()
                    && spans.getLast().last() == first - 1
                    && spans.getLast().transports() == transports;
            if (joins) {
                spans.add(new Span(spans.removeLast().first(), last, transports));
            } else if (transports != 0) {
                spans.add(new Span(first, last, transports));
            }
        }
        if (spans.size() > FilterMaps.SPANS) {
            LOG.log(
                    Level.WARNING,
                    "network rules have " + spans.size() + " separate ranges of ports for " + range
                            + "; only the first " + FilterMaps.SPANS + " are allowed: give them fewer, larger ones");
            return List.copyOf(spans.subList(0, FilterMaps.SPANS));
        }
        return List.copyOf(spans);
    }

    private static int allowed(List<PlainLayer> layers, int port, int transport) {
        return layers.stream().allMatch(layer -> layer.allows(port, transport)) ? transport : 0;
    }

    /** The ports that are allowed to an address; for tests. */
    List<Span> of(InetAddress address) {
        IpRange one = IpRange.of(address);
        return ranges.entrySet().stream()
                .filter(entry -> entry.getKey().contains(one))
                .max(Comparator.comparingInt(entry -> entry.getKey().prefixLength()))
                .map(Map.Entry::getValue)
                .orElse(List.of());
    }
}
