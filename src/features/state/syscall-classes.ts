/** What a system call is for, told by the functions on its stack: the trace has no call number. */
import type { Frame } from "../../trace/model.ts";

export const syscallClasses = ["other", "file", "metadata", "network", "contention", "process", "memory", "cgo"] as const;
export type SyscallClass = (typeof syscallClasses)[number];

/** Tried from the leaf on; the first frame that fits decides. internal/poll serves files and sockets alike, so its caller tells. */
const rules: readonly (readonly [SyscallClass, RegExp])[] = [
  ["cgo", /^runtime\.(cgocall|asmcgocall)$|^_cgo_|\._Cfunc_/],
  ["contention", /^runtime\.(futex|usleep)|^syscall\.(Flock|FcntlFlock)$|\.(lockedfile|filelock)\.|Flock$/],
  [
    "process",
    /^syscall\.(forkExec|forkAndExecInChild|StartProcess|Wait4|wait4|Exec|Kill|rawVforkSyscall)|^os\.(\(\*Process\)|startProcess|StartProcess)|^os\/exec\./,
  ],
  ["memory", /^syscall\.(Mmap|Munmap|mmap|munmap|Mprotect|Madvise|Mlock|Mremap)/],
  [
    "network",
    /^net\.|^syscall\.(Accept|Connect|Bind|Listen|Socket|Recv|Send|Getsock|Setsock|GetsockoptInt|SetsockoptInt|accept|connect|bind|listen|socket|recv|send|getsock|setsock|Shutdown)/,
  ],
  [
    "network",
    /^internal\/poll\.\(\*FD\)\.(Accept|Connect|ReadFrom|ReadMsg|WriteTo|WriteMsg|RawRead|RawWrite|Shutdown|SetsockoptInt|SetKeepAlive|Writev)|^internal\/poll\.(accept|AcceptFunc|SendFile|Splice)/,
  ],
  [
    "metadata",
    /^syscall\.(Stat|Lstat|Fstat|fstatat|stat|lstat|fstat|Open|openat|Openat|Close|ReadDirent|Getdents|getdents|Readlink|readlink|Mkdir|Unlink|unlinkat|Rename|Chmod|Chown|Getcwd|Faccessat|Access|Ftruncate|Symlink|Link)/,
  ],
  [
    "metadata",
    /^os\.(Stat|Lstat|Open|OpenFile|openFile|ReadDir|\(\*File\)\.(ReadDir|Readdir|Readdirnames|readdir|Stat|Close|close)|Readlink|Mkdir|MkdirAll|Remove|RemoveAll|Rename|statNolog|lstatNolog)$|^os\.\(\*file\)\.close$/,
  ],
  [
    "file",
    /^os\.|^time\.read$|^internal\/poll\.\(\*FD\)\.(Pread|Pwrite|Fsync|Seek)|^syscall\.(Pread|Pwrite|Fsync|Fdatasync|Sync|Seek|pread|pwrite)/,
  ],
];
/** Packages that make the calls of package syscall anew. */
const alike = /^(?:vendor\/)?(?:golang\.org\/x\/sys|internal\/syscall)\/unix\./;
/** Beyond these frames the caller says nothing about the call any more. */
const deepest = 16;

export function syscallClassOf(frames: readonly Frame[]): SyscallClass {
  for (const frame of frames.slice(0, deepest)) {
    const func = frame.func.replace(alike, "syscall.");
    for (const [name, pattern] of rules) if (pattern.test(func)) return name;
  }
  return "other";
}
