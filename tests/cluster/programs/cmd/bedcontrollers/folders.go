package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/klog/v2"
)

const (
	provisionerName = "airlock.test/folder"
	// The controller manager writes who shall provision a claim, the scheduler writes for which node.
	provisionerAnnotation = "volume.kubernetes.io/storage-provisioner"
	nodeAnnotation        = "volume.kubernetes.io/selected-node"
	provisionedAnnotation = "pv.kubernetes.io/provisioned-by"
)

// folders makes each volume a folder. Both nodes see the same disk, but a volume belongs to the node where its first pod landed,
// as a local disk would.
type folders struct {
	client  kubernetes.Interface
	root    string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
}

func (f *folders) settle(ctx context.Context) error {
	claims, err := f.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	volumes, err := f.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	var failures []error
	for _, claim := range claims {
		wanted := claim.Status.Phase == v1.ClaimPending && claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil &&
			claim.Annotations[provisionerAnnotation] == provisionerName && claim.Annotations[nodeAnnotation] != ""
		if wanted {
			failures = append(failures, f.provision(ctx, claim))
		}
	}
	for _, volume := range volumes {
		released := volume.Status.Phase == v1.VolumeReleased && volume.Annotations[provisionedAnnotation] == provisionerName
		if released && volume.Spec.PersistentVolumeReclaimPolicy == v1.PersistentVolumeReclaimDelete && volume.DeletionTimestamp == nil {
			failures = append(failures, f.delete(ctx, volume))
		}
	}
	return errors.Join(failures...)
}

// provision makes the folder and the volume. What the bed doesn't offer is told to the claim as an event, as a driver would.
func (f *folders) provision(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	class, err := f.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return err
	}
	if reason := refusal(claim); reason != "" {
		return f.tell(ctx, claim, reason)
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(f.root, name)
	// Root's own, as a fresh disk is: a pod gets in by its fsGroup, which the kubelet applies to local volumes, or not at all.
	if err := os.MkdirAll(path, 0o750); err != nil {
		return err
	}
	_, err = f.client.CoreV1().PersistentVolumes().Create(ctx, volume(name, path, claim, class), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil // the watch is late; the claim is bound in a moment
	}
	klog.InfoS("volume", "name", name, "claim", klog.KObj(claim))
	return err
}

func refusal(claim *v1.PersistentVolumeClaim) string {
	if claim.Spec.Selector != nil {
		return "a claim with a selector can't be provisioned"
	}
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == v1.PersistentVolumeBlock {
		return "block volumes are not offered"
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode == v1.ReadWriteMany || mode == v1.ReadOnlyMany {
			return fmt.Sprintf("access mode %s is not offered: a volume belongs to one node", mode)
		}
	}
	return ""
}

func volume(name, path string, claim *v1.PersistentVolumeClaim, class *storagev1.StorageClass) *v1.PersistentVolume {
	filesystem := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedAnnotation: provisionerName}},
		Spec: v1.PersistentVolumeSpec{
			StorageClassName:              class.Name,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    &filesystem,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			ClaimRef:                      &v1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{claim.Annotations[nodeAnnotation]}}},
			}}}},
		},
	}
}

func (f *folders) delete(ctx context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(volume.Spec.Local.Path) != filepath.Clean(f.root) {
		return fmt.Errorf("volume %s is not one of ours", volume.Name)
	}
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return err
	}
	err := f.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// tell writes one event for each claim and reason, however often it is looked at.
func (f *folders) tell(ctx context.Context, claim *v1.PersistentVolumeClaim, reason string) error {
	now := metav1.Now()
	_, err := f.client.CoreV1().Events(claim.Namespace).Create(ctx, &v1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: claim.Name + "." + string(claim.UID), Namespace: claim.Namespace},
		InvolvedObject: v1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
		Reason:         "ProvisioningFailed", Message: reason, Type: v1.EventTypeWarning, Count: 1,
		Source: v1.EventSource{Component: provisionerName}, FirstTimestamp: now, LastTimestamp: now,
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
