package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Zygote;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a library in C registers for forks (pthread_atfork(3)) runs in the leaves of its zygote. */
class ForkHandlersTest {

    /** Registers a handler as a library would, and maps a file of that name, so that it looks like one. */
    private static final String SOURCE = """
        import ctypes, mmap, os
        RUN = []
        handler = ctypes.PYFUNCTYPE(None)(lambda: RUN.append(os.getpid()))
        libc = ctypes.PyDLL(None)
        register = getattr(libc, "__register_atfork", None) or libc.pthread_atfork
        assert register(None, None, handler, None) == 0
        file = open(os.path.join(os.path.dirname(__file__), "%s"), "rb")
        MAPPED = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        """;

    private RealSandboxes real;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
    }

    @AfterEach
    void stop() {
        real.close();
    }

    /** A file with a program header for its dynamic section, and the string table to which that leads: elf(5). */
    private static byte[] library(String symbol) {
        byte[] strings = ("\0" + symbol + "\0").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 3)
                .putShort((short) 62)
                .putInt(1)
                .putLong(0)
                .putLong(64)
                .putLong(0)
                .putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2);
        file.position(64);
        segment(file, 1, 0, 512); // PT_LOAD
        segment(file, 2, 256, 48); // PT_DYNAMIC
        file.position(256);
        file.putLong(5).putLong(0x1000 + 400); // DT_STRTAB
        file.putLong(10).putLong(strings.length); // DT_STRSZ
        file.putLong(0).putLong(0);
        file.position(400);
        file.put(strings);
        return file.array();
    }

    private static void segment(ByteBuffer file, int kind, long offset, long length) {
        file.putInt(kind).putInt(4).putLong(offset).putLong(0x1000 + offset).putLong(0x1000 + offset);
        file.putLong(length).putLong(length).putLong(4096);
    }

    @ParameterizedTest
    @CsvSource({
        "libother.so.1, __register_atfork, true",
        "libother.so.1, strlen, false",
        "pypocketfft.abi3.so, __register_atfork, false"
    })
    void theyRunWhereALibraryMayHaveRegisteredSome(String file, String symbol, boolean run) throws Exception {
        PackageId id = real.pack("registers", "1", SOURCE.formatted(file));
        Files.write(real.folder.resolve("packages/" + id + "/" + file), library(symbol));
        Zygote above = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote(id));
        PackageId more = real.pack("more", "1", "");
        Zygote zygote = real.mechanism.createZygote(Optional.of(above), RealSandboxes.zygote(id, more));
        for (Zygote each : new Zygote[] {above, zygote}) {
            Leaf leaf = real.mechanism.createLeaf(
                    Optional.of(each),
                    real.lambda(
                            "asks", "import registers\ndef f(event):\n    return len(registers.RUN) > 0\n", id, more));
            Reply reply = leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(30));
            assertEquals("200 " + run, reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8));
        }
    }
}
