package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.identity.IdTables;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The setting of which ids sandboxes have on the host, and whether this machine has them. */
final class HostIdSetting {

    /** Among {@link io.zygotes.spi.mechanism.MechanismContext#options}: a map with the next two, both numbers. */
    static final String HOST_IDS = "host_ids";

    static final String FIRST = "first";
    static final String COUNT = "count";

    private HostIdSetting() {}

    /**
     * The range that the settings name, or the usual one.
     *
     * @throws ConfigException if no worker could have ids in it
     */
    static HostIds of(Map<String, Object> options) throws ConfigException {
        if (options.get(HOST_IDS) instanceof Map<?, ?> range
                && range.get(FIRST) instanceof Number first
                && range.get(COUNT) instanceof Number count) {
            try {
                return HostIds.within(first.longValue(), count.longValue());
            } catch (IllegalArgumentException e) {
                throw new ConfigException("config.json: $." + HOST_IDS, e.getMessage(), e);
            }
        }
        return HostIds.DEFAULT;
    }

    /**
     * The regions of a range that a worker may have on this machine.
     *
     * @return at least one
     * @throws SandboxException if there is none; says what to do
     */
    static List<Integer> regions(HostIds range) throws SandboxException {
        IdTables tables = tables();
        List<Integer> regions = tables.usable(range);
        if (regions.isEmpty()) {
            throw new SandboxException(tables.obstacle(range) + ": " + tables.mend());
        }
        return regions;
    }

    private static IdTables tables() throws SandboxException {
        try {
            return IdTables.read(Path.of("/proc"), Path.of("/etc"));
        } catch (IOException e) {
            throw new SandboxException("cannot read which user ids there are on this machine: " + e, e);
        }
    }
}
