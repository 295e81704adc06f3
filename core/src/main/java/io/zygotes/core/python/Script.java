package io.zygotes.core.python;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Python programs that come with the worker. */
public enum Script {
    /** Tells about the interpreter itself; runs on the host. */
    PROBE("probe.py"),
    /** Tells where pip is and how it is configured; runs on the host. */
    PROBE_PIP("probe_pip.py"),
    /** Installs one package; runs in a sandbox. */
    INSTALL("install.py"),
    /** Compiles files to byte code; the {@code f.py} of a lambda of the worker's own. */
    BYTE_CODE("byte_code.py");

    private final String file;

    Script(String file) {
        this.file = file;
    }

    /** The program's text. */
    public String text() {
        try (InputStream in = Script.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the script " + file + " is missing in the module io.zygotes.core");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
