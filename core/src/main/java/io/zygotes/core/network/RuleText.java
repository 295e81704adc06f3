package io.zygotes.core.network;

import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Addresses;
import io.zygotes.spi.NetworkRule.Host;
import io.zygotes.spi.NetworkRule.Target;
import io.zygotes.spi.NetworkRule.Transport;
import io.zygotes.spi.NetworkRule.Word;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one rule: {@code ADDRESSES[:PORTS][/tcp|/udp]}, as docs/network.md describes it. */
final class RuleText {

    /** A number of digits only, so that it cannot be taken for a name. */
    private static final Pattern ADDRESS = Pattern.compile("[0-9./]+|.*:.*");

    private static final Pattern NAME = Pattern.compile(
            "(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*");
    private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");

    private RuleText() {}

    /**
     * @throws IllegalArgumentException naming the rule and what is wrong with it
     */
    static NetworkRule parse(String written) {
        String text = written.strip().toLowerCase(Locale.ROOT);
        try {
            Transport transport =
                    text.endsWith("/tcp") ? Transport.TCP : text.endsWith("/udp") ? Transport.UDP : Transport.ANY;
            String rest = transport == Transport.ANY ? text : text.substring(0, text.length() - 4);
            return parse(rest, transport);
        } catch (IllegalArgumentException e) {
            String shown = written.length() > 80 ? written.substring(0, 80) + "…" : written;
            throw new IllegalArgumentException("'" + shown + "' is no network rule: " + e.getMessage(), e);
        }
    }

    private static NetworkRule parse(String text, Transport transport) {
        String addresses = text;
        String ports = "";
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            if (end < 0) {
                throw new IllegalArgumentException("there is no ']'");
            }
            addresses = text.substring(1, end);
            ports = text.substring(end + 1);
            if (!ports.isEmpty() && !ports.startsWith(":")) {
                throw new IllegalArgumentException("after ']' comes ':' and the ports, not '" + ports + "'");
            }
        } else if (text.indexOf(':') >= 0 && text.indexOf(':') == text.lastIndexOf(':')) {
            // With more of them it is an address of IPv6.
            addresses = text.substring(0, text.indexOf(':'));
            ports = text.substring(text.indexOf(':'));
        }
        Target target = target(addresses, !ports.isEmpty());
        if (ports.isEmpty() || ports.equals(":*")) {
            return new NetworkRule(target, 0, NetworkRule.LAST_PORT, transport);
        }
        Matcher matcher = PORTS.matcher(ports.substring(1));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + ports.substring(1) + "' must be a port, a range of ports such as 8000-8999, or *");
        }
        int first = Integer.parseInt(matcher.group(1));
        int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
        return new NetworkRule(target, first, last, transport);
    }

    private static Target target(String text, boolean hasPorts) {
        for (Word word : Word.values()) {
            if (text.equals(word.toString())) {
                return word;
            }
        }
        if (text.equals(NetworkSetting.NONE_WORD)) {
            throw new IllegalArgumentException("an empty list allows nothing");
        }
        if (ADDRESS.matcher(text).matches()) {
            return new Addresses(IpRange.parse(text));
        }
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "it must begin with addresses (10.0.0.0/8), with internet, resolvers or host, or with the name of a"
                            + " host");
        }
        if (!hasPorts) {
            // Else every misspelt word would be a name that nobody has.
            throw new IllegalArgumentException(
                    "a name has to come with its ports: " + name + ":443, or " + name + ":*");
        }
        return new Host(name);
    }
}
