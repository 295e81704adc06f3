package io.zygotes.core.registry;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;

/** Folders beside a lambda's code that are not a part of it: they are neither copied nor looked at for changes. */
final class LeftAside {

    /** The worker compiles itself; byte code of another interpreter or an older file would only mislead. */
    static final String BYTE_CODE = "__pycache__";

    private static final Set<String> NAMES = Set.of(BYTE_CODE, ".git");

    private LeftAside() {}

    /** Whether a folder is left aside, with all that is in it. */
    static boolean is(Path folder) {
        return NAMES.contains(folder.getFileName().toString()) || isVirtualEnvironment(folder);
    }

    /**
     * Whether a folder is a virtual environment of the developer's (PEP 405). Its packages are those of another machine
     * or interpreter; what a lambda needs stands in its {@code requirements.txt}.
     */
    static boolean isVirtualEnvironment(Path folder) {
        return Files.isRegularFile(folder.resolve("pyvenv.cfg"), LinkOption.NOFOLLOW_LINKS);
    }
}
