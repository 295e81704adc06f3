package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.network.NetworkSetting;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a worker says at its start of what its sandboxes reach in the network, and how to change that. */
final class NetworkNotice {

    private static final Logger LOG = System.getLogger(NetworkNotice.class.getName());

    private NetworkNotice() {}

    /** Logs it; {@code lacking} as for {@link #of}. */
    static void tell(WorkerConfig config, Optional<String> lacking) {
        of(config, lacking).forEach(line -> LOG.log(Level.INFO, line));
    }

    /** @param lacking why rules cannot be enforced on this machine; empty if they can */
    static List<String> of(WorkerConfig config, Optional<String> lacking) {
        List<String> lines = new ArrayList<>();
        lines.add("network: lambdas reach " + reach(config.network()));
        if (!config.zygoteNetwork().word().equals(NetworkSetting.LAMBDAS_WORD)) {
            lines.add("network: zygotes, while they import, reach " + reach(config.zygoteNetwork()));
        }
        NetworkSetting installs = config.installerNetwork();
        boolean unenforced = installs.word().equals(NetworkSetting.INDEXES_WORD) && lacking.isPresent();
        lines.add("network: installs reach "
                + (unenforced
                        ? "all that this machine reaches, because " + lacking.get()
                        : reach(installs) + " (installer_network in config.json)"));
        return lines;
    }

    private static String reach(NetworkSetting setting) {
        return switch (setting.word()) {
            case NetworkSetting.INTERNET_WORD ->
                "the internet and the resolvers of /etc/resolv.conf, and nothing of this machine, of private networks"
                    + " or of each other. \"network\" in config.json opens more, for example {\"allow\":"
                    + " [\"internet\", \"127.0.0.1:5432/tcp\", \"db.internal:5432\"]}, or \"host\" for all that this"
                    + " machine reaches";
            case NetworkSetting.HOST_WORD ->
                "all that this machine reaches: services on 127.0.0.1, private networks and the metadata service of a"
                        + " cloud among it. \"internet\" leaves these out";
            case NetworkSetting.NONE_WORD -> "nothing";
            case NetworkSetting.INDEXES_WORD -> "only the indexes, mirrors and proxies that pip's settings name";
            default -> "what these rules say: " + setting;
        };
    }
}
