package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The ways to make sandboxes: those of the image, and those that were dropped in. Immutable. */
public final class Mechanisms {

    private final Map<String, SandboxMechanismProvider> byName;
    /** Names that two have. */
    private final Set<String> twice;

    private Mechanisms(Map<String, SandboxMechanismProvider> byName, Set<String> twice) {
        this.byName = Map.copyOf(byName);
        this.twice = Set.copyOf(twice);
    }

    /** Those of the image. */
    public static Mechanisms ofImage() {
        Map<String, SandboxMechanismProvider> byName = new HashMap<>();
        for (SandboxMechanismProvider provider : ServiceScan.of(ModuleLayer.boot(), SandboxMechanismProvider.class)
                .services()) {
            byName.put(provider.name(), provider);
        }
        return new Mechanisms(byName, Set.of());
    }

    /** Those of the image, and those that plugins bring. */
    public static Mechanisms of(ImportCaches plugins) {
        Map<String, SandboxMechanismProvider> byName = new HashMap<>(ofImage().byName);
        Set<String> twice = new HashSet<>();
        for (MechanismPlugin plugin : plugins.mechanisms()) {
            if (byName.putIfAbsent(plugin.name(), plugin.provider()) != null) {
                twice.add(plugin.name());
            }
        }
        return new Mechanisms(byName, twice);
    }

    /** Whether there is one of that name. */
    public boolean has(String name) {
        return byName.containsKey(name);
    }

    /**
     * The mechanism of that name.
     *
     * @param where file and JSON path of the setting that holds the name
     * @throws ConfigException if there is none (names those that exist), or two
     */
    public SandboxMechanismProvider byName(String where, String name) throws ConfigException {
        if (twice.contains(name)) {
            throw new ConfigException(
                    where, "two sandbox mechanisms are named \"" + name + "\"; take a plugin that brings one away");
        }
        return new NamedServices<>(
                        "sandbox mechanism",
                        "Correct the name, or drop the plugin that brings it into the image's folder plugins",
                        byName)
                .byName(where, name);
    }
}
