package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.config.WorkerConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretNoticeTest {

    @TempDir
    Path folder;

    private Optional<String> notice(String json, String permissions) throws Exception {
        Path file = Files.writeString(folder.resolve(WorkerConfig.FILE), json);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        return SecretNotice.of(WorkerConfig.read(file));
    }

    @Test
    void secretsThatOthersCanReadAreTold() throws Exception {
        String secret = "{\"aws\": {\"credentials\": {\"KEY\": \"secret\"}}}";

        assertTrue(notice(secret, "rw-r--r--").orElseThrow().contains("chmod 600"));
        assertTrue(notice(secret, "rw-r-----").isPresent());
        assertEquals(Optional.empty(), notice(secret, "rw-------"));
        assertEquals(Optional.empty(), notice("{}", "rw-r--r--"));
    }
}
