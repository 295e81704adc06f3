package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.protocol.CommonTexts;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.SandboxException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * A zygote, which forks itself. If it cannot, it is to be replaced.
 *
 * @param zygote what is forked
 * @param texts requests that were written already
 */
record ZygoteForker(SockZygote zygote, CommonTexts texts) implements Forker {

    @Override
    public void ask(LaunchRequest request, long deadline) throws IOException, TimeoutException, InterruptedException {
        request.sendTo(zygote.channel(), texts, deadline);
    }

    @Override
    public void goOn() {
        zygote.goOn();
    }

    @Override
    public void finish(int pid) {
        // The child has its zygote's oom_score_adj.
    }

    @Override
    public SandboxException reported(SandboxException failure) {
        return zygote.group().isFull()
                ? new SandboxException.ZygoteGone(
                        zygote + " has as many processes as it may and cannot fork any more. Another one is made in its"
                                + " place",
                        failure)
                : failure;
    }

    @Override
    public SandboxException silent(String id, int seconds) {
        return new SandboxException.ZygoteGone(id + " could not be forked within " + seconds + " s: " + zygote
                + " does not answer. Another one is made in its place");
    }

    @Override
    public Optional<SandboxException> broken(String id, IOException e) {
        boolean gone = !zygote.alive()
                || e instanceof LinuxException linux && linux.peerGone()
                || e instanceof EOFException
                || e instanceof ClosedChannelException;
        return gone
                ? Optional.of(new SandboxException.ZygoteGone(
                        id + " could not be forked from " + zygote + ": " + e.getMessage() + Shortage.advice(e), e))
                : Optional.empty();
    }
}
