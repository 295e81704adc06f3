package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the start script says where Java would say something else. */
class StartScriptIT {

    @Test
    void aFolderThatIsGoneIsNamedAsTheReason(@TempDir Path folder) throws Exception {
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" --version",
                        Program.IMAGE.resolve("bin/zygotes").toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), said);
        assertTrue(said.contains("the current folder does not exist any more"), said);
        assertTrue(!said.contains("java.lang"), said);
    }
}
