package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;

/** What a worker says at its start if others can read the secrets of its settings. */
final class SecretNotice {

    private static final Logger LOG = System.getLogger(SecretNotice.class.getName());

    private SecretNotice() {}

    /** Logs it. */
    static void tell(WorkerConfig config) throws IOException {
        of(config).ifPresent(text -> LOG.log(Level.WARNING, text));
    }

    /** What to say; empty if there are no secrets, or its owner alone reads them. */
    static Optional<String> of(WorkerConfig config) throws IOException {
        Path file = config.folder().resolve(WorkerConfig.FILE);
        if (config.aws().credentials().isEmpty() || !Files.exists(file)) {
            return Optional.empty();
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        return permissions.contains(PosixFilePermission.GROUP_READ)
                        || permissions.contains(PosixFilePermission.OTHERS_READ)
                ? Optional.of(file + " holds secrets (aws.credentials), and not only its owner may read it; 'chmod 600 "
                        + file + "' changes that")
                : Optional.empty();
    }
}
