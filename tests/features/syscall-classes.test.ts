/** What system calls are for, by stacks as Go programs have them (recorded with Go 1.17–1.26; innermost frame first). */
import { expect, it } from "vitest";
import { syscallClassOf } from "../../src/features/state/syscall-classes.ts";

it.each([
  [
    "file",
    "syscall.read < syscall.Read < internal/poll.ignoringEINTRIO < internal/poll.(*FD).Read < os.(*File).read < os.(*File).Read < os.ReadFile",
  ],
  [
    "file",
    "syscall.write < syscall.Write < internal/poll.ignoringEINTRIO < internal/poll.(*FD).Write < os.(*File).write < os.(*File).Write < runtime/trace.Start.func1",
  ],
  ["file", "syscall.fcntl < syscall.SetNonblock < os.newFile < os.openFileNolog < os.OpenFile < os.Open < net.open"],
  ["file", "syscall.Seek < internal/poll.(*FD).Seek < os.(*File).seek < os.(*File).Seek < net/http.serverHandler.ServeHTTP"],
  ["file", "syscall.read < syscall.Read < time.read < time.readFile < time.loadTzinfoFromDirOrZip < time.loadTzinfo < time.loadLocation"],
  [
    "network",
    "syscall.read < syscall.Read < internal/poll.ignoringEINTRIO < internal/poll.(*FD).Read < net.(*netFD).Read < net.(*conn).Read < net/http.(*connReader).Read",
  ],
  [
    "network",
    "internal/poll.writev < internal/poll.(*FD).Writev < net.(*netFD).writeBuffers < net.(*conn).writeBuffers < net.(*Buffers).WriteTo",
  ],
  [
    "network",
    "syscall.accept4 < syscall.Accept4 < internal/poll.accept < internal/poll.(*FD).Accept < net.(*netFD).accept < net.(*TCPListener).accept",
  ],
  ["network", "syscall.setsockopt < syscall.SetsockoptInt < internal/poll.(*FD).SetsockoptInt < net.setNoDelay < net.newTCPConn"],
  ["metadata", "syscall.fstatat < syscall.Lstat < os.lstatNolog.func1 < os.ignoringEINTR < os.lstatNolog < os.Lstat"],
  [
    "metadata",
    "syscall.Getdents < syscall.ReadDirent < internal/poll.ignoringEINTRIO < internal/poll.(*FD).ReadDirent < os.(*File).readdir",
  ],
  [
    "metadata",
    "syscall.Close < internal/poll.(*FD).destroy < internal/poll.(*FD).decref < internal/poll.(*FD).Close < os.(*file).close < os.(*File).Close",
  ],
  ["metadata", "golang.org/x/sys/unix.Fstatat < golang.org/x/sys/unix.Stat < github.com/evanw/esbuild/internal/fs.modKey"],
  [
    "metadata",
    "golang.org/x/sys/unix.openat < golang.org/x/sys/unix.Open < github.com/microsoft/typescript-go/internal/nativepath.Realpath.func1",
  ],
  [
    "metadata",
    "golang.org/x/sys/unix.Readlinkat < golang.org/x/sys/unix.Readlink < github.com/microsoft/typescript-go/internal/nativepath.Realpath.func2",
  ],
  ["metadata", "golang.org/x/sys/unix.Close < github.com/microsoft/typescript-go/internal/nativepath.Realpath"],
  ["process", "syscall.readlen < syscall.forkExec < syscall.StartProcess < os.startProcess < os.StartProcess < os/exec.(*Cmd).Start"],
  ["process", "os.(*Process).blockUntilWaitable < os.(*Process).wait < os.(*Process).Wait < os/exec.(*Cmd).Wait"],
  ["process", "syscall.wait4 < syscall.Wait4 < os.(*Process).wait < os.(*Process).Wait < os/exec.(*Cmd).Wait"],
  // Neither says on what it works.
  [
    "other",
    "golang.org/x/sys/unix.ioctl < golang.org/x/sys/unix.IoctlGetTermios < github.com/evanw/esbuild/internal/logger.GetTerminalInfo",
  ],
  ["other", "internal/syscall/unix.GetRandom < crypto/rand.getRandomBatch < crypto/rand.batched.func1 < crypto/rand.(*devReader).Read"],
])("%s: %s", (name, stack) => {
  expect(syscallClassOf(stack.split(" < ").map((func) => ({ func, file: "", line: 0, pc: 0n })))).toBe(name);
});
