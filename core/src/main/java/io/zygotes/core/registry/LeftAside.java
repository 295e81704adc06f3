package io.zygotes.core.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What lies beside a lambda's code and is not a part of it: it is neither copied nor looked at for changes. Of one
 * thread.
 */
final class LeftAside {

    /**
     * Byte code of another interpreter or an older file would only mislead: the worker compiles itself. The others are
     * for the developer alone.
     */
    private static final Set<String> NAMES = Set.of("__pycache__", ".git", ".venv", "node_modules");

    private final IgnorePatterns patterns;
    private final Set<String> names = new TreeSet<>();
    private int byPatterns;

    private LeftAside(IgnorePatterns patterns) {
        this.patterns = patterns;
    }

    /**
     * What a folder says.
     *
     * @param lambda the folder, maybe with a {@code .zygotesignore}
     * @throws CodeWriter.RefusedException if that is wrong
     * @throws IOException if it cannot be read
     */
    static LeftAside of(Path lambda) throws IOException {
        Faults faults = new Faults();
        String text = new LambdaText(lambda, faults).of(IgnorePatterns.FILE);
        try {
            faults.end();
            return new LeftAside(IgnorePatterns.of(text));
        } catch (IllegalArgumentException e) {
            throw new CodeWriter.RefusedException(e.getMessage(), e);
        }
    }

    /** As where the folder has no patterns. */
    static LeftAside byNames() {
        return new LeftAside(IgnorePatterns.of(""));
    }

    /** Whether a part of a path has a name that is left aside in any lambda. */
    static boolean isNamed(Path relative) {
        for (Path part : relative) {
            if (NAMES.contains(part.toString())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether something is left aside, with all that is in it, and not because of what it lies in.
     *
     * @param lambda the lambda's folder
     * @param place where it is, below that
     * @param folder whether it is a folder, and not a link to one
     * @throws CodeWriter.RefusedException if that takes too long to find out
     */
    boolean is(Path lambda, Path place, boolean folder) throws CodeWriter.RefusedException {
        String name = place.getFileName().toString();
        if (NAMES.contains(name) || folder && isVirtualEnvironment(place)) {
            names.add(name);
            return true;
        }
        List<String> path = new ArrayList<>();
        lambda.relativize(place).forEach(part -> path.add(part.toString()));
        try {
            boolean matches = patterns.match(path, folder);
            byPatterns += matches ? 1 : 0;
            return matches;
        } catch (IllegalArgumentException e) {
            throw new CodeWriter.RefusedException(e.getMessage(), e);
        }
    }

    /** As {@link #is}, and also because of a folder that it lies in. */
    boolean covers(Path lambda, Path place) throws CodeWriter.RefusedException {
        for (Path above = place.getParent(); !above.equals(lambda); above = above.getParent()) {
            if (is(lambda, above, true)) {
                return true;
            }
        }
        return is(lambda, place, false);
    }

    /** Something was left aside by its name, before it was written. */
    void passedOver(Path relative) {
        for (Path part : relative) {
            if (NAMES.contains(part.toString())) {
                names.add(part.toString());
            }
        }
    }

    /**
     * Whether a folder is a virtual environment of the developer's (PEP 405). Its packages are those of another machine
     * or interpreter; what a lambda needs stands in its {@code requirements.txt}.
     */
    private static boolean isVirtualEnvironment(Path folder) {
        return Files.isRegularFile(folder.resolve("pyvenv.cfg"), LinkOption.NOFOLLOW_LINKS);
    }

    /** What was left aside, for people, on one line; empty if nothing was. */
    Optional<String> told() {
        List<String> parts = new ArrayList<>();
        if (!names.isEmpty()) {
            parts.add(ErrorText.shortened(String.join(", ", names)));
        }
        if (byPatterns > 0) {
            parts.add(byPatterns + (byPatterns == 1 ? " file or folder" : " files and folders") + " of "
                    + IgnorePatterns.FILE);
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of("left out: " + String.join("; ", parts));
    }
}
