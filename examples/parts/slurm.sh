#!/bin/sh
# An array of parts on a Slurm cluster, while one process holds their snapshot:
#
#   portl plan nightly.yaml -o nightly.plan
#   n=$(jq '.parts | length' nightly.plan)
#   portl hold nightly.plan sbatch --wait --array=1-"$n"%16 slurm.sh
#
# or each part by a snapshot of its own (portl plan --own), with nobody who has to stay, and
# their publication when all have come:
#
#   id=$(sbatch --parsable --array=1-"$n"%16 slurm.sh)
#   sbatch --dependency=afterok:"$id" --wrap 'portl publish nightly.plan'
#
# Exit status 75 says that nothing is wrong with a part but the moment: it is queued again.
#SBATCH --job-name=portl
#SBATCH --requeue

portl part "${PLAN:-nightly.plan}" # the index is SLURM_ARRAY_TASK_ID
status=$?
if [ "$status" -eq 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 5 ]; then
	scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && sleep 60
fi
exit "$status"
