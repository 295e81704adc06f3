package io.zygotes.sandbox.sock.linux;

/** Errors of the kernel for tests of those who handle them. */
public final class KernelErrors {

    private KernelErrors() {}

    /** The process has as many open files as it may. */
    public static LinuxException tooManyFiles() {
        return new LinuxException("pipe2", Errno.EMFILE, "Too many open files");
    }

    /** A file is not there. */
    public static LinuxException notThere() {
        return new LinuxException("open", Errno.ENOENT, "No such file or directory");
    }
}
