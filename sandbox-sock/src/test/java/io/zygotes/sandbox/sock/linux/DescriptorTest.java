package io.zygotes.sandbox.sock.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.FailureKind;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Open files that are closed while somebody uses them, and what the kernel's errors say. */
class DescriptorTest {

    @Test
    void whatIsClosedCannotBeUsed() throws Exception {
        Pipe pipe = Pipe.open();
        pipe.close();
        pipe.close();
        assertThrows(ClosedChannelException.class, () -> FileIo.read(pipe.reading()));
        assertThrows(ClosedChannelException.class, () -> pipe.reading().acquire());
    }

    @Test
    void whoeverIsInTheMiddleOfAUseEndsItOnTheSameFile() throws Exception {
        Pipe pipe = Pipe.open();
        FileIo.writeByte(pipe.writing());
        pipe.writing().close();
        pipe.reading().acquire();
        pipe.reading().close();
        assertEquals(1, FileIo.read(pipe.reading()).length);
        assertEquals(0, FileIo.read(pipe.reading()).length);
        assertThrows(ClosedChannelException.class, () -> pipe.reading().acquire(), "nobody begins a use any more");
        pipe.reading().release();
        assertThrows(ClosedChannelException.class, () -> FileIo.read(pipe.reading()));
    }

    @Test
    void anErrorNamesTheCallAndItsArgumentsAndHasAKind() {
        LinuxException e = assertThrows(LinuxException.class, () -> FileIo.readFile("/nonexistent/file"));
        assertEquals("open /nonexistent/file: No such file or directory (errno 2)", e.getMessage());
        assertEquals(FailureKind.OTHER, e.kind());
        assertEquals(FailureKind.TOO_MANY_FILES, Errno.kind(24));
        assertEquals(FailureKind.NO_PROCESSES, Errno.kind(11));
        assertEquals(FailureKind.NO_SPACE, Errno.kind(28));
    }

    @Test
    void aPollerTellsOfThoseThatHaveInputAndOfNoOther() throws Exception {
        try (Poller poller = Poller.open();
                Pipe quiet = Pipe.open();
                Pipe busy = Pipe.open()) {
            poller.watch(quiet.reading());
            poller.watch(busy.reading());
            assertTrue(poller.await(0).isEmpty());
            FileIo.writeByte(busy.writing());
            assertEquals(List.of(busy.reading()), poller.await(1000));
            poller.unwatch(busy.reading());
            assertTrue(poller.await(0).isEmpty());
        }
    }

    @Test
    void theEndOfTheOtherSideIsNoInput() throws IOException {
        SocketPair sockets = Sockets.pair(Sockets.Type.STREAM);
        assertFalse(Poll.hasInput(sockets.ours()));
        sockets.theirs().close();
        assertTrue(Poll.awaitInput(sockets.ours(), 0));
        assertFalse(Poll.hasInput(sockets.ours()));
        sockets.ours().close();
    }
}
