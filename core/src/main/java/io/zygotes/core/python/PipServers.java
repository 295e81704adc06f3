package io.zygotes.core.python;

import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Addresses;
import io.zygotes.spi.NetworkRule.Host;
import io.zygotes.spi.NetworkRule.Target;
import io.zygotes.spi.NetworkRule.Transport;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the servers that pip's settings name. */
final class PipServers {

    private static final String INDEX = "PIP_INDEX_URL";
    private static final List<String> SOURCES = List.of(INDEX, "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS");
    private static final List<String> PROXIES =
            List.of("PIP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy");
    /** Ports that are meant where a URL has none. */
    private static final Map<String, Integer> PORTS =
            Map.of("http", 80, "https", 443, "socks4", 1080, "socks4a", 1080, "socks5", 1080, "socks5h", 1080);

    private PipServers() {}

    /**
     * @param environment pip's settings as variables
     * @param defaults URLs of what pip uses where no setting names an index, the index first
     */
    static List<NetworkRule> of(Map<String, String> environment, List<String> defaults) {
        Set<String> urls = new LinkedHashSet<>();
        for (String name : SOURCES) {
            // Several are parted by blanks or ends of lines.
            urls.addAll(List.of(environment.getOrDefault(name, "").strip().split("\\s+")));
        }
        boolean named = environment.containsKey(INDEX);
        boolean sameIndex = !defaults.isEmpty() && sameServer(environment.getOrDefault(INDEX, ""), defaults.getFirst());
        if (!named || sameIndex) {
            urls.addAll(defaults);
        }
        List<NetworkRule> servers = new ArrayList<>();
        urls.forEach(url -> server(url).ifPresent(servers::add));
        for (String name : PROXIES) {
            String url = environment.getOrDefault(name, "").strip();
            // Without a scheme it is taken for one that speaks HTTP.
            server(url.contains("://") ? url : "http://" + url).ifPresent(servers::add);
        }
        return servers.stream().distinct().toList();
    }

    private static boolean sameServer(String url, String other) {
        return server(url).isPresent() && server(url).equals(server(other));
    }

    /** Empty for what names no server: a folder, say. */
    private static Optional<NetworkRule> server(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            return Optional.empty(); // pip does not take it either
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (uri.getHost() == null || !PORTS.containsKey(scheme)) {
            return Optional.empty();
        }
        int port = uri.getPort() < 0 ? PORTS.get(scheme) : uri.getPort();
        return Optional.of(new NetworkRule(target(uri.getHost().toLowerCase(Locale.ROOT)), port, port, Transport.TCP));
    }

    private static Target target(String host) {
        String address = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        try {
            return new Addresses(IpRange.parse(address));
        } catch (IllegalArgumentException e) {
            return new Host(host);
        }
    }
}
