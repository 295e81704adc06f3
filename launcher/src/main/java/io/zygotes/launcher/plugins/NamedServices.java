package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Services of one type by their names. Immutable.
 *
 * @param <S> the type of the service
 */
final class NamedServices<S> {

    private final String type;
    private final String advice;
    private final TreeMap<String, S> byName;

    /**
     * @param type what such a service is, for messages: {@code import cache}
     * @param advice what to do when a name is not there; a sentence or more
     * @param byName the services
     */
    NamedServices(String type, String advice, Map<String, S> byName) {
        this.type = type;
        this.advice = advice;
        this.byName = new TreeMap<>(byName);
    }

    /**
     * The service of that name.
     *
     * @param where file and JSON path of the setting that holds the name
     * @throws ConfigException if there is none; names those that exist
     */
    S byName(String where, String name) throws ConfigException {
        return Optional.ofNullable(byName.get(name))
                .orElseThrow(() -> new ConfigException(
                        where,
                        "there is no " + type + " named \"" + name + "\", known are " + quoted(byName.keySet()) + ". "
                                + advice));
    }

    private static String quoted(Collection<String> names) {
        return names.stream().map(name -> "\"" + name + "\"").collect(Collectors.joining(", "));
    }
}
