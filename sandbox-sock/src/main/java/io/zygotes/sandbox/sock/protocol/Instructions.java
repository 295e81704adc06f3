package io.zygotes.sandbox.sock.protocol;

import io.zygotes.spi.PackageInfo;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a sandbox must be; it goes when it is told so. */
public sealed interface Instructions permits Instructions.ForLeaf, Instructions.ForZygote, Instructions.ForJob {

    /** The keys of the JSON object. */
    Map<String, Object> toMap();

    /**
     * For a leaf.
     *
     * @param limits those that it sets itself
     * @param environment its whole environment, if it differs from its zygote's
     * @param packages folders in {@code /packages}, if there are some that its zygote has not
     * @param shadowed modules that its code has files for, and that may be imported already
     * @param processors how many threads libraries compute with, if it is not one
     */
    record ForLeaf(
            ProcessLimits limits,
            Optional<Map<String, String>> environment,
            Optional<List<String>> packages,
            Set<String> shadowed,
            int processors)
            implements Instructions {
        @Override
        public Map<String, Object> toMap() {
            Map<String, Object> all = new HashMap<>();
            all.put(Protocol.KEY_OPEN_FILES, limits.openFiles());
            all.put(Protocol.KEY_FILE_BYTES, limits.fileBytes());
            environment.ifPresent(variables -> all.put(Protocol.KEY_ENVIRONMENT, variables));
            packages.ifPresent(folders -> all.put(Protocol.KEY_PACKAGES, folders));
            if (!shadowed.isEmpty()) {
                all.put(Protocol.KEY_SHADOWED, List.copyOf(shadowed));
            }
            if (processors > 1) {
                all.put(Protocol.KEY_PROCESSORS, processors);
            }
            return all;
        }
    }

    /**
     * For a zygote.
     *
     * @param openFiles how many files it may have open
     * @param environment what its leaves find as their environment
     * @param visible folders in {@code /packages}, of all of its packages
     * @param imports what to import, in this order
     * @param modules full names of further modules to import then
     * @param function what it is told of its function, if it is the zygote of one
     */
    record ForZygote(
            int openFiles,
            Map<String, String> environment,
            List<String> visible,
            List<PackageInfo> imports,
            List<String> modules,
            Optional<ForFunction> function)
            implements Instructions {
        @Override
        public Map<String, Object> toMap() {
            List<Map<String, Object>> packages = imports.stream()
                    .<Map<String, Object>>map(info ->
                            Map.of(Protocol.KEY_NAME, info.id().toString(), Protocol.KEY_MODULES, info.modules()))
                    .toList();
            Map<String, Object> all = new HashMap<>();
            all.put(Protocol.KEY_OPEN_FILES, openFiles);
            all.put(Protocol.KEY_ENVIRONMENT, environment);
            all.put(Protocol.KEY_VISIBLE, visible);
            all.put(Protocol.KEY_PACKAGES, packages);
            if (!modules.isEmpty()) {
                all.put(Protocol.KEY_MODULES, modules);
            }
            function.ifPresent(told -> all.put(Protocol.KEY_FUNCTION, told.toMap()));
            return all;
        }
    }

    /**
     * What the zygote of a function is told of that.
     *
     * @param fileBytes how large a file of it may become
     * @param shadowed modules that its code has files for, and that may be imported already
     * @param processors how many threads libraries compute with in its leaves
     * @param event what to call it with before the first fork, as JSON; empty for no such call
     */
    record ForFunction(long fileBytes, Set<String> shadowed, int processors, Optional<String> event) {

        private Map<String, Object> toMap() {
            Map<String, Object> all = new HashMap<>();
            all.put(Protocol.KEY_FILE_BYTES, fileBytes);
            all.put(Protocol.KEY_SHADOWED, List.copyOf(shadowed));
            all.put(Protocol.KEY_PROCESSORS, processors);
            event.ifPresent(json -> all.put(Protocol.KEY_EVENT, json));
            return all;
        }
    }

    /**
     * For a job.
     *
     * @param openFiles how many files it may have open
     * @param environment its whole environment
     * @param name what it is called, for tracebacks
     * @param arguments its {@code sys.argv} from 1 on
     * @param script the program's text
     */
    record ForJob(int openFiles, Map<String, String> environment, String name, List<String> arguments, String script)
            implements Instructions {
        @Override
        public Map<String, Object> toMap() {
            return Map.of(
                    Protocol.KEY_OPEN_FILES, openFiles,
                    Protocol.KEY_ENVIRONMENT, environment,
                    Protocol.KEY_NAME, name,
                    Protocol.KEY_ARGUMENTS, arguments,
                    Protocol.KEY_SCRIPT, script);
        }
    }
}
