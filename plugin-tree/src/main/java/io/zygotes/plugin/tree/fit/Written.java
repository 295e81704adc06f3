package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.PackageId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Packages as other tools write them into traces: {@code name==version}, or a requirement as packages declare it, with
 * extras, ranges of versions, and a condition behind {@code ;}. Whoever wrote the trace decided that the condition
 * holds.
 */
final class Written {

    private static final Pattern REQUIREMENT =
            Pattern.compile("\\s*(?<name>[A-Za-z0-9._-]+)\\s*(\\[[^\\]]*\\])?\\s*(?<versions>\\(?\\s*([=<>!~].*)?)?");
    private static final Pattern ONE_VERSION =
            Pattern.compile("\\(?\\s*===?\\s*(?<version>[^\\s,*=<>~()]+)\\s*\\)?\\s*");

    private Written() {}

    /**
     * A dependency; a range of versions is any version.
     *
     * @throws IllegalArgumentException if it is no requirement
     */
    static Requirement requirement(String text) {
        int condition = text.indexOf(';');
        String plain = condition < 0 ? text : text.substring(0, condition);
        Matcher matcher = REQUIREMENT.matcher(plain);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a package name with or without versions");
        }
        String versions = matcher.group("versions");
        Matcher one = ONE_VERSION.matcher(versions == null ? "" : versions);
        return new Requirement(
                matcher.group("name"), one.matches() ? Optional.of(one.group("version")) : Optional.empty());
    }

    /**
     * A package in one version.
     *
     * @throws IllegalArgumentException if it is not pinned
     */
    static PackageId pinned(String text) {
        Requirement requirement = requirement(text);
        return new PackageId(
                requirement.name(),
                requirement
                        .version()
                        .orElseThrow(() ->
                                new IllegalArgumentException("'" + text + "' is not pinned: write name==version")));
    }
}
