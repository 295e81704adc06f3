package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.util.HashMap;
import java.util.Map;

/** The ways to make sandboxes that the image has. Immutable. */
public final class Mechanisms {

    private final NamedServices<SandboxMechanismProvider> services;

    private Mechanisms(NamedServices<SandboxMechanismProvider> services) {
        this.services = services;
    }

    /** Finds them. */
    public static Mechanisms find() {
        Map<String, SandboxMechanismProvider> byName = new HashMap<>();
        for (SandboxMechanismProvider provider : ServiceScan.of(ModuleLayer.boot(), SandboxMechanismProvider.class)
                .services()) {
            byName.put(provider.name(), provider);
        }
        return new Mechanisms(new NamedServices<>("sandbox mechanism", "Mechanisms are part of the image", byName));
    }

    /**
     * The mechanism of that name.
     *
     * @param where file and JSON path of the setting that holds the name
     * @throws ConfigException if there is none; names those that exist
     */
    public SandboxMechanismProvider byName(String where, String name) throws ConfigException {
        return services.byName(where, name);
    }
}
