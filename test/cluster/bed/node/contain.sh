# Runs one container's command: in namespaces of its own for mounts and processes (this script is started inside them by unshare),
# on a root that shows the host's files and keeps every change in memory, with the pod's volumes bound to their paths.
#
# contain.sh MARKER SCRATCH LOG ROOT_MODE USER GROUPS CAPABILITIES [SOURCE TARGET MODE]... -- WORKDIR [NAME=VALUE]... COMMAND [ARG]...
#   MARKER     stands in the arguments of everything here, so that its absence tells when COMMAND itself runs
#   SCRATCH    an empty folder of the host, to mount on
#   LOG        file that the command's output is appended to; what goes wrong before goes to our own
#   ROOT_MODE  rw | ro; MODE alike, for one bound file or folder
#   USER       user and group as "user:group";  GROUPS  "1,2" or "-" for none
#   CAPABILITIES  what root may do in there, as setpriv's --bounding-set takes it
set -eu
marker=$1 scratch=$2 log=$3 root_mode=$4 user=$5 groups=$6 capabilities=$7
shift 7

# The memory file system goes with the mount namespace, and that with its last process: nothing is left on the host.
mount -t tmpfs -o mode=755 scratch "$scratch"
mkdir "$scratch/changes" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/changes,workdir=$scratch/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
# An image's /tmp is empty, whatever lies in the host's.
mkdir "$scratch/tmp"
chmod 1777 "$scratch/tmp"
mount --bind "$scratch/tmp" "$root/tmp"

while [ "$1" != -- ]; do
  source=$1 target=$2 mode=$3
  shift 3
  # Inside the new root, or a link like /var/run -> /run would lead to the host's folder.
  if [ -d "$source" ]; then
    chroot "$root" mkdir -p -- "$target"
  else
    chroot "$root" mkdir -p -- "$(dirname -- "$target")"
    chroot "$root" touch -- "$target"
  fi
  place=$root$(chroot "$root" readlink -f -- "$target")
  mount --bind "$source" "$place"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$place"
done
shift
workdir=$1
shift
chroot "$root" mkdir -p -- "$workdir"
# Last, so that volumes could be mounted in them.
[ "$root_mode" = rw ] || mount -o remount,bind,ro "$root/tmp"
[ "$root_mode" = rw ] || mount -o remount,bind,ro "$root"

# From here on, a failure is the command's own.
: >"$scratch.ready"
exec >>"$log" 2>&1

supplementary=--groups=$groups
[ "$groups" != - ] || supplementary=--clear-groups
# The kernel forgets who must not outlive whom when a process changes its user, hence --pdeathsig once more.
exec chroot "$root" setpriv --reuid "${user%:*}" --regid "${user#*:}" "$supplementary" --pdeathsig KILL --no-new-privs \
  --inh-caps=-all --bounding-set="$capabilities" env -u "$marker" -i -C "$workdir" "$@"
