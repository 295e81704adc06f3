package io.zygotes.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
// The socket answers on its own thread; the tests only keep it open.
@SuppressWarnings("try")
class ControlSocketTest {

    @TempDir
    Path folder;

    @Test
    void aCommandIsAnsweredInOneLine() throws Exception {
        try (ControlSocket opened = ControlSocket.open(folder, command -> command + ":\n  fine, ümläut")) {
            assertEquals("reload: fine, ümläut", ControlSocket.ask(folder, "reload"));
            assertEquals("again: fine, ümläut", ControlSocket.ask(folder, "again"));
        }
    }

    @Test
    void nobodyButTheOwnerCanConnect() throws Exception {
        try (ControlSocket opened = ControlSocket.open(folder, command -> "")) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("control.sock"))));
        }
    }

    @Test
    void aClientThatGoesAwayOrSaysNothingStopsNobody() throws Exception {
        try (ControlSocket opened = ControlSocket.open(folder, command -> "fine");
                SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            var address = UnixDomainSocketAddress.of(folder.resolve("control.sock"));
            SocketChannel gone = SocketChannel.open(address);
            gone.close();
            silent.connect(address);

            assertEquals("fine", ControlSocket.ask(folder, "reload"));
        }
    }

    @Test
    void closingRemovesTheSocketAndALeftOneIsReplaced() throws Exception {
        Files.writeString(folder.resolve("control.sock"), "left by a worker that was killed");
        try (ControlSocket opened = ControlSocket.open(folder, command -> "fine")) {
            assertEquals("fine", ControlSocket.ask(folder, "reload"));
        }

        assertFalse(Files.exists(folder.resolve("control.sock")));
        assertThrows(IOException.class, () -> ControlSocket.ask(folder, "reload"));
    }

    @Test
    void aPathThatIsTooLongIsNamed() throws Exception {
        Path deep = Files.createDirectories(folder.resolve("x".repeat(120)));

        IOException error = assertThrows(IOException.class, () -> ControlSocket.open(deep, command -> ""));

        assertTrue(error.getMessage().contains(deep.toString()), error.getMessage());
    }
}
